import Books
import Bytes
import Console
import Gateway
import Ledger
import Providers
import Synchronization

/// Requests that did not go through the gateway, on their way into its books.
final class ReportDesk: ReportedRecords {
    private let keeper: Bookkeeper
    private let gateway = Mutex<Gateway?>(nil)

    init(_ keeper: Bookkeeper) { self.keeper = keeper }

    /// They are priced by what this one prices its own by.
    func serve(_ gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    func cost(of usage: Usage, provider: String, models: [String]) -> (nanodollars: Int64, priceBook: String)? {
        guard let book = gateway.withLock({ $0 })?.priceBook else { return nil }
        for model in models {
            let price = Array(provider.utf8).withByteSlice { provider in Array(model.utf8).withByteSlice { book.price(provider: provider, model: $0) } }
            if let price { return (price.cost(of: usage).count, book.version) }
        }
        return nil
    }

    func record(_ records: [RequestRecord], nowMilliseconds: Int64) -> [String]? {
        guard var maker = try? IdentifierMaker() else { return nil }
        var records = records
        for index in records.indices where records[index].identifier == Identifier(high: 0, low: 0) {
            records[index].figures.identifier = maker.next(wallNanoseconds: UInt64(max(0, nowMilliseconds)) * 1_000_000)
        }
        return keeper.append(records) ? records.map(\.identifier.description) : nil
    }
}
