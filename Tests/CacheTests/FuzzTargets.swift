import Bytes
import Cache
import JSON

/// What must hold of a body's key, whatever the body; each traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
enum CacheFuzz {
    /// A body that says the same in another order and with other white space has the same key; one that says another thing in one value
    /// has another key, and where there is none for the one there is none for the others.
    static func cacheKey(_ text: ByteSlice) {
        var tape = JSONTape()
        // Keys are made of bodies that a scan has accepted.
        guard (try? JSONText.validate(text)) != nil, let root = try? tape.parse(text), root.isObject else { return }
        var maker = CacheKeyMaker(CacheSeed(low: 1, high: 2))
        func key(_ text: ByteSlice) -> CacheKey? {
            maker.begin()
            guard maker.addBody(text) != nil else { return nil }
            return maker.key(form: 0)
        }
        let own = key(text)
        precondition(key(text) == own, "the same again has the same key")
        var turned = Rewriting(changed: -1)
        turned.write(root, isRoot: true)
        // A body that is too deep, or has too many members, is so however it is written.
        precondition(turned.text.withByteSlice { key($0) } == own, "the order of members and white space do not count")
        guard let own, turned.valueCount > 0 else { return }
        // The text itself chooses the value, so that a fuzzer can.
        var changed = Rewriting(changed: text.count % turned.valueCount)
        changed.write(root, isRoot: true)
        precondition(changed.text.withByteSlice { key($0) } != own, "another value is another key")
    }

    /// A body written anew: members from the last to the first, white space everywhere, and one of its values another.
    private struct Rewriting {
        /// The number of the value that becomes another; −1 for none.
        let changed: Int
        private(set) var text: [UInt8] = []
        /// Values that are no containers.
        private(set) var valueCount = 0

        init(changed: Int) { self.changed = changed }

        mutating func write(_ value: JSONValue, isRoot: Bool = false) {
            switch value.kind {
            case .object:
                text += Array("{ ".utf8)
                for (index, member) in value.members.reversed().enumerated() {
                    if index > 0 { text += Array("\t,\n".utf8) }
                    text += Array("\"".utf8) + [UInt8](member.name.content) + Array("\" : ".utf8)
                    // The form that is wanted is no part of the key.
                    if isRoot, member.name == "stream" || member.name == "stream_options" { text += [UInt8](member.value.bytes) } else { write(member.value) }
                }
                text += Array(" }".utf8)
            case .array:
                text += Array("[ ".utf8)
                for (index, element) in value.elements.enumerated() {
                    if index > 0 { text += Array(" ,\r\n".utf8) }
                    write(element)
                }
                text += Array("]".utf8)
            default:
                if valueCount == changed { writeOther(value) } else { text += [UInt8](value.bytes) }
                valueCount += 1
            }
        }

        /// Another value of the same kind, or the same in another kind.
        private mutating func writeOther(_ value: JSONValue) {
            let bytes = [UInt8](value.bytes)
            switch value.kind {
            case .string: text += bytes.dropLast() + Array("x\"".utf8)
            case .number: text += bytes.count % 2 == 0 ? Array("\"".utf8) + bytes + Array("\"".utf8) : Array(bytes == Array("7".utf8) ? "8".utf8 : "7".utf8)
            case .true: text += Array("false".utf8)
            case .false: text += Array("null".utf8)
            default: text += Array("[]".utf8)
            }
        }
    }
}

func fuzzCacheKey(_ text: ByteSlice) { CacheFuzz.cacheKey(text) }
