import Bytes
import JSON

/// Values as answers are made of.
extension DocumentNode {
    static let empty = DocumentNode(.object([]), at: .start)
    static let null = DocumentNode(.null, at: .start)

    static func text(_ text: String) -> DocumentNode { DocumentNode(.string(text), at: .start) }
    static func text(_ text: String?) -> DocumentNode { text.map { .text($0) } ?? .null }
    static func flag(_ flag: Bool) -> DocumentNode { DocumentNode(.boolean(flag), at: .start) }
    static func number(_ number: Int64) -> DocumentNode { DocumentNode(.number(DocumentNumber(text: "\(number)")), at: .start) }
    static func number(_ number: Int) -> DocumentNode { .number(Int64(number)) }
    static func list(_ elements: [DocumentNode]) -> DocumentNode { DocumentNode(.array(elements), at: .start) }
    static func texts(_ texts: [String]) -> DocumentNode { .list(texts.map { .text($0) }) }

    static func object(_ members: [(String, DocumentNode)]) -> DocumentNode {
        DocumentNode(.object(members.map { DocumentMember(name: $0.0, position: .start, value: $0.1) }), at: .start)
    }

    static func object(_ members: KeyValuePairs<String, DocumentNode>) -> DocumentNode { .object(members.map { ($0.key, $0.value) }) }

    /// Milliseconds since 1970, as a date.
    static func time(_ milliseconds: Int64?) -> DocumentNode { milliseconds.map { .text(Timestamp.text($0)) } ?? .null }

    /// What the store keeps as JSON.
    static func stored(_ text: String?) -> DocumentNode { text.flatMap { DocumentParser.parse($0).document?.root } ?? .null }

    var isNull: Bool { if case .null = value { true } else { false } }
    var members: [DocumentMember] { if case .object(let members) = value { members } else { [] } }
    var elements: [DocumentNode] { if case .array(let elements) = value { elements } else { [] } }
    var string: String? { if case .string(let text) = value { text } else { nil } }
    var jsonText: String { String(decoding: json, as: UTF8.self) }

    subscript(_ name: String) -> DocumentNode? { members.first { $0.name == name }?.value }

    /// An object with more members behind its own.
    func with(_ more: KeyValuePairs<String, DocumentNode>) -> DocumentNode {
        .object(members.map { ($0.name, $0.value) } + more.map { ($0.key, $0.value) })
    }
}
