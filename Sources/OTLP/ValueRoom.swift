/// How many values are still kept: of what one body says was asked and answered, or of one attribute.
///
/// A class, for who reads a body's spans and who makes readings of them take from one count.
public final class ValueRoom {
    var left: Int
    private var hasLeftOut = false

    public init(_ count: Int = OTLPLimits.contentValueCount) { left = count }

    /// Whether there is room for one more, which it then has.
    func take() -> Bool {
        guard left > 0 else {
            leaveOut()
            return false
        }
        left -= 1
        return true
    }

    /// Notes that something is not kept, for this reason or another.
    func leaveOut() { hasLeftOut = true }

    /// Whether that was so since the last time.
    func takeLeftOut() -> Bool {
        defer { hasLeftOut = false }
        return hasLeftOut
    }
}
