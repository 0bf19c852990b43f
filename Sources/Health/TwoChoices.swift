/// Two candidates at random, of which the caller takes the better.
///
/// Nearly as good as looking at all, and many workers that look at the same figures do not all run to the same target.
/// - Source: Mitzenmacher: "The Power of Two Choices in Randomized Load Balancing", 2001
public enum TwoChoices {
    /// Two of 0..<`count`, different ones when there are two; both 0 when there is none or one.
    public static func pick(_ first: UInt64, _ second: UInt64, count: Int) -> (Int, Int) {
        guard count > 1 else { return (0, 0) }
        let one = Int(first.multipliedFullWidth(by: UInt64(count)).high)
        let other = Int(second.multipliedFullWidth(by: UInt64(count - 1)).high)
        return (one, other < one ? other : other + 1)
    }
}
