import Bytes
import JSON

extension ByteWriter {
    /// Appends a string of another text as it stands there, with quotes.
    mutating func append(quoted string: JSONString) {
        append(UInt8(ascii: "\""))
        append(string.content)
        append(UInt8(ascii: "\""))
    }

    /// Appends a value of another text without its line ends, which would end the line of an event. None is ever needed:
    /// inside strings they are escaped, and elsewhere they only stand beside punctuation.
    mutating func append(oneLine value: JSONValue) {
        let bytes = value.bytes
        guard bytes.firstIndex(of: 0x0A) != nil || bytes.firstIndex(of: 0x0D) != nil else { return append(bytes) }
        var start = 0
        for at in 0..<bytes.count where bytes[at] == 0x0A || bytes[at] == 0x0D {
            append(bytes[start..<at])
            start = at + 1
        }
        append(bytes.dropFirst(start))
    }
}
