/// Percent-encoded text (RFC 3986 §2.1). A percent sign without two digits behind it stands for itself.
public enum PercentText {
    /// The byte that stands at `offset`, and how many bytes of `text` it takes: 3 for a triple, else 1.
    @inlinable
    public static func byte(of text: ByteSlice, at offset: Int) -> (byte: UInt8, width: Int) {
        guard text[offset] == UInt8(ascii: "%"), offset + 2 < text.count,
            let high = ASCII.hexValue(text[offset + 1]), let low = ASCII.hexValue(text[offset + 2])
        else { return (text[offset], 1) }
        return (high << 4 | low, 3)
    }

    /// Gives `body` each byte of `text`, decoded.
    @inlinable
    public static func decode(_ text: ByteSlice, _ body: (UInt8) -> Void) {
        var at = 0
        while at < text.count {
            let (byte, width) = byte(of: text, at: at)
            body(byte)
            at += width
        }
    }

    /// `text`, decoded once.
    public static func decoded(_ text: ByteSlice) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        decode(text) { decoded.append($0) }
        return decoded
    }
}
