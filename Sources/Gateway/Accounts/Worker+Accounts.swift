import Bytes
import JSON
import Ledger

/// What one worker needs for requests that are held to budgets and limits.
struct WorkerAccounts: ~Copyable {
    fileprivate var desks: Desks?
    fileprivate var idle: ContiguousArray<Spending> = []
    /// Finds what bounds a request's answers, and at what terms they are made.
    var limitScan = ObjectScan(names: RequestBound.names)
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

    /// What no text of a request can come to unless the request says so: sound, images, and what is written into a provider's cache.
    func rareClasses(in text: ByteSlice) -> TokenClassSet {
        var rare: TokenClassSet = []
        // Names may be written in escapes.
        if text.firstRange(of: ByteSlice("\\u")) != nil { return rare }
        if text.firstRange(of: ByteSlice("cache_control")) == nil {
            rare.insert(TokenClassSet(.cacheWrite5m))
            rare.insert(TokenClassSet(.cacheWrite1h))
        }
        if text.firstRange(of: ByteSlice("audio")) == nil {
            rare.insert(TokenClassSet(.audioInput))
            rare.insert(TokenClassSet(.audioCached))
            rare.insert(TokenClassSet(.audioOutput))
        }
        if text.firstRange(of: ByteSlice("image")) == nil {
            rare.insert(TokenClassSet(.imageInput))
            rare.insert(TokenClassSet(.imageCached))
            rare.insert(TokenClassSet(.imageOutput))
        }
        return rare
    }
}
