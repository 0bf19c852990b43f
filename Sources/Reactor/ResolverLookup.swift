import Bytes
import Glibc

/// A name, what is known of it, and who waits to know.
///
///     unknown ──ask──▶ asking ──both answered, or enough and late──▶ known ──expired, ask──▶ asking
final class ResolverLookup {
    /// The last word on the name.
    enum Verdict {
        case none
        case addresses([IPAddress], isStale: Bool)
        case failed(ResolverError)
    }

    struct Waiter {
        let token: UInt64
        let version: IPAddress.Version?
    }

    /// Lower case, with a NUL at the end for c-ares.
    let terminatedName: ContiguousArray<CChar>
    let hash: UInt64
    /// The next name of the same bucket.
    var next: ResolverLookup?

    private(set) var verdict = Verdict.none
    private(set) var expiresAt = Instant(nanoseconds: 0)
    private var mayServeStale = false

    /// Whether the name is being asked for and those who wait have no answer yet.
    private(set) var isAsking = false
    private(set) var round: UInt32 = 0
    private(set) var deadline = Instant.distantFuture
    var waiters: ContiguousArray<Waiter> = []
    private var answer4 = FamilyAnswer.none
    private var answer6 = FamilyAnswer.none

    /// - Parameter name: in lower case.
    init(_ name: ByteSlice, hash: UInt64) {
        var text = ContiguousArray<CChar>()
        text.reserveCapacity(name.count + 1)
        for index in 0..<name.count { text.append(CChar(bitPattern: name[index])) }
        text.append(0)
        terminatedName = text
        self.hash = hash
    }

    func isNamed(_ name: ByteSlice) -> Bool {
        guard terminatedName.count == name.count + 1 else { return false }
        return terminatedName.withUnsafeBufferPointer { own in
            own.baseAddress.map { memcmp($0, name.base, name.count) == 0 } ?? false
        }
    }

    /// Whether what is known can be used at `now`.
    func isFresh(at now: Instant) -> Bool {
        if case .none = verdict { return false }
        return now < expiresAt
    }

    /// What a caller who wants `version` gets from what is known.
    func resolution(_ version: IPAddress.Version?) -> Resolution {
        switch verdict {
        case .none: .pending
        case .failed(let error): .failed(error)
        case .addresses(let addresses, let isStale):
            ResolvedAddresses(addresses: addresses, expiresAt: expiresAt, isStale: isStale).only(version)
                .map { .addresses($0) } ?? .failed(.noAddress)
        }
    }

    /// Starts a round of questions.
    func ask(at now: Instant) {
        isAsking = true
        round &+= 1
        answer4 = .none
        answer6 = .none
        deadline = now.adding(nanoseconds: ResolverLimits.lookupNanoseconds)
    }

    /// Takes one family's answer of this round, and settles when it was the last one.
    func take(_ answer: FamilyAnswer, _ version: IPAddress.Version, at now: Instant) {
        let bringsAddresses = if case .addresses = answer { true } else { false }
        // After the wait only addresses are news: a late failure must not undo what was settled on.
        guard isAsking || bringsAddresses else { return }
        switch version {
        case .v4: answer4 = answer
        case .v6: answer6 = answer
        }
        if !isAsking || !(answer4.isNone || answer6.isNone) {
            settle(at: now)
        } else if bringsAddresses {
            // The other family has 50 ms more (RFC 8305 §3).
            deadline = min(deadline, now.adding(nanoseconds: ResolverLimits.resolutionDelayNanoseconds))
        }
    }

    /// Ends the wait with what there is. Later answers of the round are taken in all the same.
    func settle(at now: Instant) {
        isAsking = false
        deadline = .distantFuture
        let (v6, life6) = ResolverLookup.parts(answer6)
        let (v4, life4) = ResolverLookup.parts(answer4)
        if v6.isEmpty && v4.isEmpty {
            fail(now)
            return
        }
        let isPartial = ResolverLookup.isMissing(answer4) || ResolverLookup.isMissing(answer6)
        let life = isPartial ? min(life4, life6, ResolverLimits.partialLifeNanoseconds) : min(life4, life6)
        verdict = .addresses(ResolvedAddresses.interleaved(v6, v4), isStale: false)
        expiresAt = now.adding(nanoseconds: life)
        mayServeStale = true
    }

    private func fail(_ now: Instant) {
        let error = ResolverLookup.worst(answer4, answer6)
        // Not being able to ask does not make the last answer wrong: it serves once more.
        if !error.isAuthoritative, mayServeStale, case .addresses(let addresses, _) = verdict {
            mayServeStale = false
            verdict = .addresses(addresses, isStale: true)
            expiresAt = now.adding(nanoseconds: ResolverLimits.staleNanoseconds)
            return
        }
        verdict = .failed(error)
        let life = error.isAuthoritative ? ResolverLimits.absenceNanoseconds : ResolverLimits.failureNanoseconds
        expiresAt = now.adding(nanoseconds: life)
    }

    private static func parts(_ answer: FamilyAnswer) -> ([IPAddress], UInt64) {
        if case .addresses(let addresses, let life) = answer { return (addresses, life) }
        return ([], .max)
    }

    /// Whether a family's addresses may exist although none came.
    private static func isMissing(_ answer: FamilyAnswer) -> Bool {
        switch answer {
        case .none: true
        case .addresses: false
        case .failed(let error): !error.isAuthoritative
        }
    }

    /// The failure to report: not knowing about one family outweighs knowing that the other has nothing.
    private static func worst(_ one: FamilyAnswer, _ other: FamilyAnswer) -> ResolverError {
        var worst = ResolverError.notFound
        for answer in [one, other] {
            switch answer {
            case .none: worst = .timedOut
            case .failed(let error) where !error.isAuthoritative: worst = error
            case .failed(let error) where error == .noAddress && worst == .notFound: worst = .noAddress
            case .failed, .addresses: break
            }
        }
        return worst
    }
}
