/// A set of HTTP statuses 100 to 599, as a bitmap.
public struct StatusSet: BitwiseCopyable, Sendable, Equatable {
    /// The statuses a set can hold.
    public static let statuses = 100...599

    private var words = InlineArray<8, UInt64>(repeating: 0)

    public init() {}

    /// - Parameter statuses: those outside `StatusSet.statuses` are left out.
    public init(_ statuses: some Sequence<Int>) {
        for status in statuses { insert(status) }
    }

    public mutating func insert(_ status: Int) {
        guard StatusSet.statuses.contains(status) else { return }
        let bit = status - 100
        words[bit >> 6] |= 1 << UInt64(bit & 63)
    }

    public func contains(_ status: Int) -> Bool {
        guard StatusSet.statuses.contains(status) else { return false }
        let bit = status - 100
        return words[bit >> 6] >> UInt64(bit & 63) & 1 == 1
    }

    public static func == (left: StatusSet, right: StatusSet) -> Bool {
        for index in 0..<8 where left.words[index] != right.words[index] { return false }
        return true
    }
}
