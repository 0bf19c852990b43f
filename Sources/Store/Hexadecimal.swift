import Bytes

/// Bytes as hexadecimal digits, in lower case.
enum Hexadecimal {
    static func append(_ bytes: ByteSlice, to text: inout [UInt8]) {
        let digits: StaticString = "0123456789abcdef"
        for index in 0..<bytes.count {
            text.append(digits.utf8Start[Int(bytes[index] >> 4)])
            text.append(digits.utf8Start[Int(bytes[index] & 15)])
        }
    }

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        bytes.withByteSlice { append($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }
}
