import Bytes
import JSON
import Ledger
import Patterns

/// What one worker needs for requests that are held to budgets and limits.
struct WorkerAccounts: ~Copyable {
    fileprivate var desks: Desks?
    fileprivate var idle: ContiguousArray<Spending> = []
    /// Finds what bounds a request's answers, and at what terms they are made.
    var limitScan = ObjectScan(names: RequestBound.names)
    let prices = PriceMemo()
    /// To search bodies with.
    var scratch = PatternScratch()
    /// What policies look at, of the request at hand.
    var metadata = MetadataReader()
    var traits = RequestTraits()
}

extension Worker {
    /// The books of the snapshot it serves by; nil where nobody's spending is limited.
    var books: AccountBooks? { snapshot.books }

    /// Its places at the books, which are made when they are first needed.
    var desks: Desks? {
        guard let books else { return nil }
        if let known = accounts.desks, known.books === books { return known }
        let desks = Desks(books)
        accounts.desks = desks
        return desks
    }

    func leaseSpending() -> Spending { accounts.idle.popLast() ?? Spending() }

    func recycle(_ spending: Spending) {
        spending.reset()
        if accounts.idle.count < GatewayLimits.idleExchanges { accounts.idle.append(spending) }
    }
}
