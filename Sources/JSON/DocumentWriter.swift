extension DocumentNode {
    /// The value as compact JSON: numbers as they were written, members in their order.
    public var json: [UInt8] { json(atMost: .max).bytes }

    /// The same, and no more of it than is wanted: what lies behind is not written.
    ///
    /// - Returns: at most `most` bytes, cut between two characters, and whether there are more.
    public func json(atMost most: Int) -> (bytes: [UInt8], isCut: Bool) {
        var bytes: [UInt8] = []
        if write(into: &bytes, atMost: most) { return (bytes, false) }
        var count = most
        while count > 0, bytes[count] & 0xC0 == 0x80 { count -= 1 }
        // Not within the room of the whole.
        return (Array(bytes[..<count]), true)
    }

    /// - Returns: false as soon as there are more than `most` bytes.
    private func write(into bytes: inout [UInt8], atMost most: Int) -> Bool {
        switch value {
        case .null: bytes += "null".utf8
        case .boolean(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let number): bytes += number.text.utf8
        case .string(let text): return DocumentNode.write(text, into: &bytes, atMost: most)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                guard element.write(into: &bytes, atMost: most) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                guard DocumentNode.write(member.name, into: &bytes, atMost: most) else { return false }
                bytes.append(UInt8(ascii: ":"))
                guard member.value.write(into: &bytes, atMost: most) else { return false }
            }
            bytes.append(UInt8(ascii: "}"))
        }
        return bytes.count <= most
    }

    /// Appends `text` as a JSON string, escaping only what must be (RFC 8259 §7).
    public static func write(_ text: String, into bytes: inout [UInt8]) { _ = write(text, into: &bytes, atMost: .max) }

    private static func write(_ text: String, into bytes: inout [UInt8], atMost most: Int) -> Bool {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                bytes.append(digit(byte & 15))
            default: bytes.append(byte)
            }
            guard bytes.count <= most else { return false }
        }
        bytes.append(UInt8(ascii: "\""))
        return bytes.count <= most
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10 }
}
