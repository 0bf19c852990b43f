import Bytes
import JSON
import Ledger

/// What an audit row says an object was before and after a change: JSON, without secrets.
struct ChangeText<Object: StoredObject> {
    private let layout: Layout<Object>
    private let masking: Masking

    init(_ layout: Layout<Object>, _ masking: Masking) {
        self.layout = layout
        self.masking = masking
    }

    /// Everything that is said of it.
    func whole(_ object: Object) -> String { text(members(of: object).filter { !Self.isNull($0.value) }) }

    /// The members that differ. What is masked alike and is not the same differs too.
    func difference(_ before: Object, _ after: Object) -> (before: String, after: String) {
        let (old, new) = (members(of: before), members(of: after))
        var changed: [Int] = []
        for index in old.indices where old[index].value.json != new[index].value.json || differs(at: index, before, after) { changed.append(index) }
        return (text(changed.map { old[$0] }), text(changed.map { new[$0] }))
    }

    private static var headNames: [String] { ["slug", "name", "status", "workspace_id"] }

    private func differs(at index: Int, _ before: Object, _ after: Object) -> Bool {
        guard index >= Self.headNames.count else { return false }
        let column = layout.columns[index - Self.headNames.count]
        return column.get(before) != column.get(after)
    }

    private func members(of object: Object) -> [DocumentMember] {
        let head = object.head
        let texts: [String?] = [head.slug, head.name, head.status.rawValue, head.workspaceID]
        return zip(Self.headNames, texts).map { DocumentText.member($0, string($1)) } + layout.columns.map { DocumentText.member($0.name, value($0, object)) }
    }

    private func value(_ column: Column<Object>, _ object: Object) -> DocumentNode.Value {
        switch (column.kind, column.get(object)) {
        case (_, .null): .null
        // Whether there is one, and no more.
        case (.hidden, _), (_, .bytes): .string("…")
        case (.document(_, let namesTell), .text(let text)): masking.document(text, namesTell: namesTell).value
        case (.sealed(_, isTold: false), .text(let text)): measure(Array(text.utf8))
        case (.sealed, .text(let text)): masking.document(text, namesTell: true).value
        case (.list, .text(let text)): .array(Text.entries(text).map { DocumentNode(string($0), at: .start) })
        case (_, .text(let text)): string(text)
        case (_, .integer(let number)): .number(DocumentNumber(text: "\(number)"))
        }
    }

    private func string(_ text: String?) -> DocumentNode.Value { text.map { .string(masking.text($0)) } ?? .null }

    private static func isNull(_ node: DocumentNode) -> Bool { if case .null = node.value { true } else { false } }

    private func text(_ members: [DocumentMember]) -> String {
        let json = DocumentNode(.object(members), at: .start).json
        guard json.count > StoreLimits.auditDocumentByteCount else { return String(decoding: json, as: UTF8.self) }
        return String(decoding: DocumentNode(measure(json), at: .start).json, as: UTF8.self)
    }

    /// In the place of what is too long, or not to be told: enough to know it again.
    private func measure(_ bytes: [UInt8]) -> DocumentNode.Value {
        .object([
            DocumentText.member("bytes", .number(DocumentNumber(text: "\(bytes.count)"))),
            DocumentText.member("digest", .string("\(bytes.withByteSlice { KeyDigest(of: $0) })")),
        ])
    }
}
