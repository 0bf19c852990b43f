import Bytes
import JSON

/// Texts and ids as they are kept, whichever way they were written.
enum KeptText {
    /// At most `most` bytes, cut between two characters; what is no UTF-8 is replaced.
    static func text(_ bytes: ByteSlice, atMost most: Int = OTLPLimits.textByteCount) -> String {
        guard bytes.count > most else { return String(bytes) }
        var count = most
        while count > 0, bytes[count] & 0xC0 == 0x80 { count -= 1 }
        return String(bytes.prefix(count))
    }

    static func text(_ string: JSONString, atMost most: Int = OTLPLimits.textByteCount) -> String {
        guard string.hasEscapes else { return text(string.content, atMost: most) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: string.content.count) { room in
            guard let base = room.baseAddress else { return "" }
            // An escape is never shorter than what it stands for.
            var writer = ByteWriter(base, capacity: room.count)
            string.decode(into: &writer)
            return text(writer.written, atMost: most)
        }
    }

    /// An id in lower-case hexadecimal; empty for one of another length, and for zeroes, which are no id.
    static func identifier(_ bytes: ByteSlice, byteCount: Int) -> String {
        guard bytes.count == byteCount, (0..<byteCount).contains(where: { bytes[$0] != 0 }) else { return "" }
        var digits: [UInt8] = []
        for index in 0..<byteCount { digits += [digit(bytes[index] >> 4), digit(bytes[index] & 15)] }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The same of an id that is written in hexadecimal.
    static func identifier(hexadecimal text: ByteSlice, byteCount: Int) -> String {
        guard text.count == 2 * byteCount else { return "" }
        var bytes: [UInt8] = []
        for index in 0..<byteCount {
            guard let high = ASCII.hexValue(text[2 * index]), let low = ASCII.hexValue(text[2 * index + 1]) else { return "" }
            bytes.append(high << 4 | low)
        }
        return bytes.withByteSlice { identifier($0, byteCount: byteCount) }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10 }
}
