import Bytes

/// A frame's header (RFC 9113 §4.1).
struct FrameHeader {
    var byteCount: Int
    var type: UInt8
    var flags: UInt8
    var stream: Int32
}

/// Finds the headers of frames in a connection's bytes, those of frames that are ignored, too: nghttp2 does not tell of them.
struct FrameScanner {
    private static let headerByteCount = 9
    /// What a client sends before its first frame (RFC 9113 §3.4).
    static let prefaceByteCount = 24

    /// Bytes up to the next header.
    private var remaining: Int
    private var header = InlineArray<9, UInt8>(repeating: 0)
    private var headerCount = 0

    init(prefaceByteCount: Int) { remaining = prefaceByteCount }

    /// The next frame's header, once its last byte, which is then before `at`, has come.
    mutating func next(_ bytes: ByteSlice, from at: inout Int) -> FrameHeader? {
        let skipped = min(remaining, bytes.count - at)
        remaining -= skipped
        at += skipped
        while at < bytes.count {
            header[headerCount] = bytes[at]
            headerCount += 1
            at += 1
            guard headerCount == FrameScanner.headerByteCount else { continue }
            headerCount = 0
            remaining = number(0..<3)
            return FrameHeader(byteCount: remaining, type: header[3], flags: header[4], stream: Int32(truncatingIfNeeded: number(5..<9) & 0x7FFF_FFFF))
        }
        return nil
    }

    private func number(_ bytes: Range<Int>) -> Int {
        var number = 0
        for index in bytes { number = number << 8 | Int(header[index]) }
        return number
    }
}
