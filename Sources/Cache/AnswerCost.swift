/// What an answer took where it was made: what is saved when it is told again.
public struct AnswerCost: BitwiseCopyable, Sendable, Equatable {
    /// As its provider counted them; −1 where it has not said.
    public var inputTokens: Int64 = -1
    public var outputTokens: Int64 = -1
    /// −1 where its model has no price.
    public var nanodollars: Int64 = -1
    /// It took searches that have no price, and cost more than that.
    public var leavesSearchesOut = false
    /// Searches of the web that its provider has told of; of four bytes, which have room beside the flag above.
    public var webSearches: UInt32 = 0

    public init() {}
}
