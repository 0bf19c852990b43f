import Bytes
import JSON

/// A value of a table's column.
public enum ColumnValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
}

/// A column of a table, and the property it is.
struct Column<Object: Sendable>: Sendable {
    enum Kind: Sendable {
        case text(atMost: Int)
        case integer(ClosedRange<Int64>)
        /// One entry a line.
        case list
        /// A JSON object or array. Names of members say what is secret in it, unless they are no names of fields.
        case document(atMost: Int, namesTell: Bool)
        /// The same, kept in the vault. What the audit log does not tell it has by length and digest alone.
        case sealed(atMost: Int, isTold: Bool)
        /// The id of another object.
        case reference(table: String, kind: String)
        /// A digest, which is nobody's to see.
        case hidden
    }

    let name: String
    let kind: Kind
    let get: @Sendable (Object) -> ColumnValue
    let set: @Sendable (inout Object, ColumnValue) -> Void

    var isSealed: Bool { if case .sealed = kind { true } else { false } }

    // MARK: Kinds

    static func text(_ name: String, _ path: any WritableKeyPath<Object, String> & Sendable, atMost limit: Int = StoreLimits.nameByteCount) -> Column {
        Column(name: name, kind: .text(atMost: limit), get: { .text($0[keyPath: path]) }) { object, value in
            if case .text(let text) = value { object[keyPath: path] = text }
        }
    }

    static func text(_ name: String, _ path: any WritableKeyPath<Object, String?> & Sendable, atMost limit: Int = StoreLimits.nameByteCount) -> Column {
        optional(name, path, .text(atMost: limit))
    }

    static func reference(_ name: String, _ path: any WritableKeyPath<Object, String?> & Sendable, to table: String, _ kind: String) -> Column {
        optional(name, path, .reference(table: table, kind: kind))
    }

    static func document(
        _ name: String, _ path: any WritableKeyPath<Object, String?> & Sendable, atMost limit: Int = StoreLimits.documentByteCount, namesTell: Bool = true
    ) -> Column {
        optional(name, path, .document(atMost: limit, namesTell: namesTell))
    }

    static func sealed(
        _ name: String, _ path: any WritableKeyPath<Object, String?> & Sendable, atMost limit: Int = StoreLimits.documentByteCount, isTold: Bool = true
    ) -> Column {
        optional(name, path, .sealed(atMost: limit, isTold: isTold))
    }

    private static func optional(_ name: String, _ path: any WritableKeyPath<Object, String?> & Sendable, _ kind: Kind) -> Column {
        Column(name: name, kind: kind, get: { $0[keyPath: path].map { .text($0) } ?? .null }) { object, value in
            if case .text(let text) = value { object[keyPath: path] = text } else { object[keyPath: path] = nil }
        }
    }

    static func choice<Choice: RawRepresentable<String> & Sendable>(_ name: String, _ path: any WritableKeyPath<Object, Choice> & Sendable) -> Column {
        Column(name: name, kind: .text(atMost: StoreLimits.nameByteCount), get: { .text($0[keyPath: path].rawValue) }) { object, value in
            if case .text(let text) = value, let choice = Choice(rawValue: text) { object[keyPath: path] = choice }
        }
    }

    static func integer(_ name: String, _ path: any WritableKeyPath<Object, Int64> & Sendable, in range: ClosedRange<Int64>) -> Column {
        Column(name: name, kind: .integer(range), get: { .integer($0[keyPath: path]) }) { object, value in
            if case .integer(let number) = value { object[keyPath: path] = number }
        }
    }

    static func time(_ name: String, _ path: any WritableKeyPath<Object, Int64?> & Sendable) -> Column {
        Column(name: name, kind: .integer(0...Wall.latest), get: { $0[keyPath: path].map { .integer($0) } ?? .null }) { object, value in
            if case .integer(let number) = value { object[keyPath: path] = number } else { object[keyPath: path] = nil }
        }
    }

    static func flag(_ name: String, _ path: any WritableKeyPath<Object, Bool> & Sendable) -> Column {
        Column(name: name, kind: .integer(0...1), get: { .integer($0[keyPath: path] ? 1 : 0) }) { object, value in
            if case .integer(let number) = value { object[keyPath: path] = number != 0 }
        }
    }

    static func list(_ name: String, _ path: any WritableKeyPath<Object, [String]> & Sendable) -> Column {
        Column(
            name: name, kind: .list,
            get: { object in
                let entries = object[keyPath: path]
                // An entry of two lines would come back as two: shown as an empty one, which `check` refuses.
                if entries.contains(where: { $0.isEmpty || $0.utf8.contains(0x0A) }) { return .text("\n") }
                return entries.isEmpty ? .null : .text(entries.joined(separator: "\n"))
            },
            set: { object, value in
                if case .text(let text) = value { object[keyPath: path] = Text.entries(text) } else { object[keyPath: path] = [] }
            })
    }

    static func digest(_ name: String, _ path: any WritableKeyPath<Object, [UInt8]?> & Sendable) -> Column {
        Column(name: name, kind: .hidden, get: { $0[keyPath: path].map { .bytes($0) } ?? .null }) { object, value in
            if case .bytes(let bytes) = value { object[keyPath: path] = bytes } else { object[keyPath: path] = nil }
        }
    }

    // MARK: Bounds

    /// - Throws: `.invalid` when the value is longer, or another thing, than the column takes.
    func check(_ object: Object) throws(StoreError) {
        switch (kind, get(object)) {
        case (_, .null): return
        case (.text(let limit), .text(let text)): try Text.check(text, name, atMost: limit)
        case (.reference, .text(let text)): try Text.check(text, name, atMost: StoreLimits.slugByteCount)
        case (.integer(let range), .integer(let number)):
            guard range.contains(number) else { throw .invalid(field: name, reason: "is not between \(range.lowerBound) and \(range.upperBound)") }
        case (.list, .text(let text)): try Text.checkList(text, name)
        case (.document(let limit, _), .text(let text)), (.sealed(let limit, _), .text(let text)): try Text.checkDocument(text, name, atMost: limit)
        case (.hidden, .bytes(let bytes)):
            guard bytes.count == 32 else { throw .invalid(field: name, reason: "is no digest") }
        default: throw .invalid(field: name, reason: "has the wrong type")
        }
    }
}

/// What texts of the store have to keep to.
enum Text {
    static func check(_ text: String, _ field: String, atMost limit: Int) throws(StoreError) {
        guard text.utf8.count <= limit else { throw .invalid(field: field, reason: "has more than \(limit) bytes") }
        // Line ends and tabs are for descriptions; what ends up in a header field, a log line or a list may have no control character.
        let allowsLines = limit >= StoreLimits.descriptionByteCount
        for byte in text.utf8 where byte < 0x20 || byte == 0x7F {
            guard allowsLines, byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                throw .invalid(field: field, reason: "has a control character")
            }
        }
    }

    /// The entries of a list, which stand one a line.
    static func checkList(_ text: String, _ field: String) throws(StoreError) {
        let entries = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard entries.count <= StoreLimits.entryCount else {
            throw .invalid(field: field, reason: "has more than \(StoreLimits.entryCount) entries")
        }
        for entry in entries {
            guard !entry.isEmpty else { throw .invalid(field: field, reason: "has an empty entry") }
            try check(String(entry), field, atMost: StoreLimits.entryByteCount)
        }
    }

    static func entries(_ text: String) -> [String] { text.utf8.split(separator: 0x0A).map { String(Substring($0)) } }

    static func checkDocument(_ text: String, _ field: String, atMost limit: Int) throws(StoreError) {
        guard text.utf8.count <= limit else { throw .invalid(field: field, reason: "has more than \(limit) bytes") }
        let (document, diagnostics) = DocumentParser.parse(text)
        if let fault = diagnostics.first(where: { $0.severity == .error }) {
            throw .invalid(field: field, reason: "is no JSON: \(fault.message)")
        }
        switch document?.root.value {
        case .object, .array: return
        default: throw .invalid(field: field, reason: "is neither a JSON object nor an array")
        }
    }
}
