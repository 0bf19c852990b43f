public import Books
public import Providers

/// Where requests are recorded that did not go through the gateway: given to the console.
public protocol ReportedRecords: Sendable {
    /// What tokens cost, in nano-dollars, at the provider's standard prices, and the version of the price book that says so; nil for a model without a price.
    ///
    /// - Parameters:
    ///   - models: the names it may have in the book; the first that is there counts.
    func cost(of usage: Usage, provider: String, models: [String]) -> (nanodollars: Int64, priceBook: String)?

    /// Gives each its id, but for one that has its own, and has it written.
    ///
    /// - Returns: the ids; nil where the disk is so far behind that none is taken.
    func record(_ records: [RequestRecord], nowMilliseconds: Int64) -> [String]?
}
