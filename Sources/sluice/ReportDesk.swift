import Analytics
import Books
import Bytes
import Console
import Gateway
import Ledger
import Office
import Providers
import Synchronization

/// Requests that did not go through the gateway, on their way into its books.
final class ReportDesk: ReportedRecords {
    private let keeper: Bookkeeper
    private let bodies: BodyKeeper
    private let days: DayBooks
    /// Wall-clock time, since 1970: what was recorded before has its row, or was waited for.
    private let settledMilliseconds = Mutex<Int64>(0)
    private let gateway = Mutex<Gateway?>(nil)

    init(_ books: Bookkeeping) {
        keeper = books.keeper
        bodies = books.bodies
        days = books.days
    }

    /// They are priced by what this one prices its own by, and their bodies are kept where its own are.
    func serve(_ gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    func cost(of usage: Usage, provider: String, models: [String]) -> ReportedCost? {
        guard let book = gateway.withLock({ $0 })?.priceBook else { return nil }
        for model in models {
            let price = Array(provider.utf8).withByteSlice { provider in Array(model.utf8).withByteSlice { book.price(provider: provider, model: $0) } }
            guard let price else { continue }
            return ReportedCost(
                nanodollars: price.cost(of: usage).count, priceBook: book.version, leavesSearchesOut: usage.webSearches > 0 && price.perSearch == nil)
        }
        return nil
    }

    func keepsBodies(ofWorkspace id: String) -> Bool { gateway.withLock { $0 }?.keepsBodies(ofWorkspace: id) ?? false }

    func settle(before nowMilliseconds: Int64) {
        settledMilliseconds.withLock { settled in
            let now = SnapshotDesk.now()
            // Those who have waited for each other wait once; a clock may have been set back meanwhile.
            guard nowMilliseconds >= settled || settled > now else { return }
            if keeper.awaitWritten() { _ = days.awaitRows(withinNanoseconds: BooksLimits.settlingWaitNanoseconds) }
            settled = now
        }
    }

    func record(_ told: [ToldRequest], nowMilliseconds: Int64) -> [String]? {
        guard var maker = try? IdentifierMaker() else { return nil }
        var records = told.map(\.record)
        for index in records.indices where records[index].identifier == Identifier(high: 0, low: 0) {
            records[index].figures.identifier = maker.next(wallNanoseconds: UInt64(max(0, nowMilliseconds)) * 1_000_000)
        }
        guard keeper.append(records) else { return nil }
        for (record, one) in zip(records, told) {
            if let kept = one.bodies { bodies.keep(kept, of: record) }
        }
        return records.map(\.identifier.description)
    }
}
