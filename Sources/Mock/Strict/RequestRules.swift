import Bytes
import JSON

/// What a provider documents of its requests' bodies, as types by name.
///
///     Name: member! type, member type        an object; `!`: required
///     Name = type                            another name for a type
///     string number integer bool null object any   "word"   [type]   {type}   Name   type|type
///
/// `object` is one with any members, `{type}` one whose members are all of the type.
struct RequestRules: Sendable {
    indirect enum Shape: Sendable {
        case any, string, number, integer, bool, null, object
        case word(String)
        case list([Shape])
        case map([Shape])
        case named(String)
    }

    struct Member: Sendable {
        let name: String
        let isRequired: Bool
        let shapes: [Shape]
    }

    /// Which document says so.
    let source: String
    /// Whether the API reads the JSON form of protocol buffers: null stands for what is left out, and members may go by their
    /// names in snake case.
    let isProtocolBuffers: Bool
    private(set) var objects: [String: [Member]] = [:]
    private var aliases: [String: [Shape]] = [:]

    /// - Parameter text: ours, so a fault in it is a mistake of this program.
    init(source: String, text: String, isProtocolBuffers: Bool = false) {
        self.source = source
        self.isProtocolBuffers = isProtocolBuffers
        for line in text.split(separator: "\n") {
            var reader = Reader(bytes: Array(line.utf8))
            let name = reader.word()
            if reader.takes(":") {
                objects[name] = reader.members()
            } else {
                precondition(reader.takes("="), "a line of the rules declares a type: \(line)")
                aliases[name] = reader.shapes()
            }
            precondition(reader.isAtEnd, "a line of the rules is read to its end: \(line)")
        }
    }

    /// The shapes with other names for types replaced by what they stand for.
    func expanded(_ shapes: [Shape]) -> [Shape] {
        shapes.flatMap { shape -> [Shape] in
            guard case .named(let name) = shape, let alias = aliases[name] else { return [shape] }
            return expanded(alias)
        }
    }

    /// Reads one line.
    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { at == bytes.count }

        private mutating func skipSpace() {
            while at < bytes.count, bytes[at] == 0x20 { at += 1 }
        }

        mutating func takes(_ mark: Character) -> Bool {
            skipSpace()
            guard at < bytes.count, bytes[at] == mark.asciiValue else { return false }
            at += 1
            return true
        }

        mutating func word() -> String {
            skipSpace()
            let start = at
            while at < bytes.count, ASCII.isLetter(bytes[at]) || ASCII.isDigit(bytes[at]) || bytes[at] == UInt8(ascii: "_") { at += 1 }
            precondition(at > start, "a name stands in the rules")
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        mutating func members() -> [Member] {
            var members: [Member] = []
            repeat {
                let name = word()
                let isRequired = takes("!")
                members.append(Member(name: name, isRequired: isRequired, shapes: shapes()))
            } while takes(",")
            return members
        }

        mutating func shapes() -> [Shape] {
            var shapes: [Shape] = []
            repeat { shapes.append(shape()) } while takes("|")
            return shapes
        }

        private mutating func shape() -> Shape {
            if takes("[") {
                let element = shapes()
                precondition(takes("]"), "a list of the rules is closed")
                return .list(element)
            }
            if takes("{") {
                let value = shapes()
                precondition(takes("}"), "a map of the rules is closed")
                return .map(value)
            }
            if takes("\"") {
                let start = at
                while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += 1 }
                let word = String(decoding: bytes[start..<at], as: UTF8.self)
                precondition(takes("\""), "a word of the rules is closed")
                return .word(word)
            }
            switch word() {
            case "any": return .any
            case "string": return .string
            case "number": return .number
            case "integer": return .integer
            case "bool": return .bool
            case "null": return .null
            case "object": return .object
            case let name: return .named(name)
            }
        }
    }
}
