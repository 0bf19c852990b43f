public import Books
public import Providers

/// Where requests are recorded that did not go through the gateway: given to the console.
public protocol ReportedRecords: Sendable {
    /// What an answer cost at the provider's standard prices; nil for a model without a price.
    ///
    /// - Parameters:
    ///   - models: the names it may have in the book; the first that is there counts.
    func cost(of usage: Usage, provider: String, models: [String]) -> ReportedCost?

    /// Whether what was asked and answered is kept of a workspace's requests, by its id; empty for those of none.
    func keepsBodies(ofWorkspace id: String) -> Bool

    /// Has the gateway's own requests that were over before then have their rows, as far as that takes no longer than can be waited for.
    func settle(before nowMilliseconds: Int64)

    /// Gives each its id, but for one that has its own, and has it written, with its bodies beside it.
    ///
    /// - Returns: the ids; nil where the disk is so far behind that none is taken.
    func record(_ told: [ToldRequest], nowMilliseconds: Int64) -> [String]?
}

/// A request that somebody has told of.
public struct ToldRequest: Sendable {
    public var record: RequestRecord
    /// What was asked and answered, as it was told; nil where that is not kept.
    public var bodies: KeptBodies?

    public init(_ record: RequestRecord, _ bodies: KeptBodies? = nil) {
        self.record = record
        self.bodies = bodies
    }
}

/// What an answer cost that somebody has told of.
public struct ReportedCost: Sendable {
    public let nanodollars: Int64
    /// The version of the price book that says so.
    public let priceBook: String
    /// It took searches that have no price there, and cost more than that.
    public let leavesSearchesOut: Bool

    public init(nanodollars: Int64, priceBook: String, leavesSearchesOut: Bool = false) {
        self.nanodollars = nanodollars
        self.priceBook = priceBook
        self.leavesSearchesOut = leavesSearchesOut
    }
}
