import Books
import Bytes
import Ledger
import Policy
import Providers

/// A worker's place at the books.
struct Recorder {
    private let ring: RecordRing
    private let mode: BooksMode
    /// For what is kept beside records.
    let bodies: BodyRing

    /// Nil where nothing is recorded.
    init?(_ keeper: Bookkeeper, worker: Int) {
        guard keeper.mode != .off else { return nil }
        ring = keeper.ring(worker: worker)
        mode = keeper.mode
        bodies = keeper.bodyRings[worker]
    }

    /// Lets a request in, unless it must be recorded and the disk is behind.
    ///
    /// - Returns: whether it must be.
    @discardableResult
    func admit(_ terms: SpendingTerms?, _ more: SpendingTerms? = nil) throws(Rejection) -> Bool {
        guard duty(terms, more) == .required else { return false }
        if ring.isBehind { throw Rejection(.unrecordable) }
        return true
    }

    /// What a request owes the books by its caller's terms, or its target's.
    func duty(_ terms: SpendingTerms?, _ more: SpendingTerms? = nil) -> RecordDuty {
        switch mode {
        case .required: .required
        case .auto: terms?.budgets.isEmpty == false || more?.budgets.isEmpty == false ? .required : .bestEffort
        case .bestEffort, .off: .bestEffort
        }
    }

    func push(_ duty: RecordDuty, _ body: (inout RecordWriter) -> Void) { ring.push(duty, body) }
}

extension RecordedBlame {
    init(_ blame: Blame) {
        switch blame {
        case .client: self = .client
        case .policy: self = .policy
        case .upstream: self = .upstream
        case .gateway: self = .gateway
        }
    }
}

extension RecordedMode {
    init(_ mode: Program.Mode) {
        switch mode {
        case .single: self = .single
        case .fallback: self = .fallback
        case .loadbalance: self = .loadbalance
        case .conditional: self = .conditional
        }
    }
}

extension RecordedReason {
    init(_ reason: PickReason) {
        switch reason {
        case .only: self = .only
        case .first: self = .first
        case .fallback: self = .fallback
        case .weighted: self = .weighted
        case .roundRobin: self = .roundRobin
        case .leastBusy: self = .leastBusy
        case .leastLatency: self = .leastLatency
        case .sticky: self = .sticky
        case .prefixAffinity: self = .prefixAffinity
        case .condition: self = .condition
        case .otherwise: self = .otherwise
        case .leastBad: self = .leastBad
        }
    }
}

extension RecordedCache {
    init(_ status: Caching.Status) {
        switch status {
        case .disabled: self = .disabled
        case .miss: self = .miss
        case .semanticMiss: self = .semanticMiss
        case .refresh: self = .refresh
        case .hit: self = .hit
        }
    }
}
