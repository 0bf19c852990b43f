import Bytes

/// A frame's header (RFC 9113 §4.1).
struct FrameHeader {
    var byteCount: Int
    var type: UInt8
    var flags: UInt8
    var stream: Int32
    /// What a PRIORITY frame depends on; 0 of others.
    var dependency: Int32 = 0

    static let headerByteCount = 9

    /// The stream of a HEADERS frame; nil of any other.
    static func stream(ofHeaders frame: ByteSlice) -> Int32? {
        guard frame.count >= headerByteCount, frame[3] == FrameType.headers else { return nil }
        return (5..<headerByteCount).reduce(0) { $0 << 8 | Int32(frame[$1]) } & 0x7FFF_FFFF
    }
}

/// Finds the headers of frames in a connection's bytes, those of frames that are ignored, too: nghttp2 does not tell of them.
struct FrameScanner {
    /// What a client sends before its first frame (RFC 9113 §3.4).
    static let prefaceByteCount = 24

    /// Bytes up to the next header.
    private var remaining: Int
    /// A header, and of a PRIORITY frame the stream it depends on (RFC 9113 §6.3).
    private var header = InlineArray<13, UInt8>(repeating: 0)
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
            guard headerCount >= FrameHeader.headerByteCount else { continue }
            let dependencyByteCount = header[3] == FrameType.priority && number(0..<3) >= 4 ? 4 : 0
            guard headerCount == FrameHeader.headerByteCount + dependencyByteCount else { continue }
            headerCount = 0
            let byteCount = number(0..<3)
            remaining = byteCount - dependencyByteCount
            return FrameHeader(
                byteCount: byteCount, type: header[3], flags: header[4], stream: stream(5..<9), dependency: dependencyByteCount > 0 ? stream(9..<13) : 0)
        }
        return nil
    }

    private func stream(_ bytes: Range<Int>) -> Int32 { Int32(truncatingIfNeeded: number(bytes) & 0x7FFF_FFFF) }

    private func number(_ bytes: Range<Int>) -> Int {
        var number = 0
        for index in bytes { number = number << 8 | Int(header[index]) }
        return number
    }
}
