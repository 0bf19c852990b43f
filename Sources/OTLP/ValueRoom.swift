import JSON

/// How much is still kept: of what one body says was asked and answered, or of one attribute.
///
/// A class, for who reads a body's spans and who makes readings of them take from one count.
public final class ValueRoom {
    /// Values.
    var left: Int
    /// Bytes of JSON that they are written as.
    private var bytesLeft: Int
    private var hasLeftOut = false

    public init(_ count: Int = OTLPLimits.contentValueCount, byteCount: Int = OTLPLimits.bodyContentByteCount) {
        left = count
        bytesLeft = byteCount
    }

    /// Whether there is room for one more, which it then has.
    func take() -> Bool {
        guard left > 0 else {
            leaveOut()
            return false
        }
        left -= 1
        return true
    }

    /// A value as JSON, as much of it as there is room for.
    func json(_ node: DocumentNode) -> [UInt8] {
        let (bytes, isCut) = node.json(atMost: min(bytesLeft, OTLPLimits.contentByteCount))
        bytesLeft -= bytes.count
        if isCut { leaveOut() }
        return bytes
    }

    /// Notes that something is not kept, for this reason or another.
    func leaveOut() { hasLeftOut = true }

    /// Whether that was so since the last time.
    func takeLeftOut() -> Bool {
        defer { hasLeftOut = false }
        return hasLeftOut
    }
}
