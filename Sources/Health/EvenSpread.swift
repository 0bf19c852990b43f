/// Places on a line that lie as evenly as places added one at a time can: multiples of the golden ratio.
///
/// Where each of several children has a stretch of the line as long as its weight, over as many turns as the sum of the weights each child
/// gets its weight to within one, two for sums of dozens, where random picks stray by the root. It beats the turns of nginx (smooth
/// weighted round robin) for our purpose: its state is one counter to add to, not a list of balances to lock; every second or third turn
/// taken alone, as when each request takes another turn for its retry, is as even; and when a child drops out the others share its
/// turns by their weights, with nothing to start anew.
/// - Source: D. Knuth, "The Art of Computer Programming", vol. 3, §6.4
public enum EvenSpread {
    /// The place of turn `turn`, from 0 to below 1.
    public static func fraction(_ turn: UInt64) -> Double {
        // The ratio's fraction in 64 bits: multiplying wraps at whole numbers. A double holds the upper 53.
        Double((turn &* 0x9E37_79B9_7F4A_7C15) >> 11) * 0x1p-53
    }
}
