import Bytes
import Reactor
import Tokens

/// One worker's tokens, and the requests that wait for one.
///
/// A token at hand costs a request one look-up. The first request of a source asks the fetcher and waits; a token that is about
/// to end is renewed while it still serves.
struct TokenPurse {
    private struct Entry {
        var token: OwnedBytes?
        var grantedAtNanoseconds: UInt64 = 0
        /// When the last one that a provider refused had been granted.
        var refusedGrant: UInt64 = 0
        var expiresAtNanoseconds: UInt64 = 0
        var renewsAtNanoseconds: UInt64 = 0
        /// Why there is none, and until when that is taken for an answer.
        var refusal = ""
        var refusedUntil: UInt64 = 0
        var isAsked = false
        /// The clients whose requests wait.
        var waiting: [Token] = []
    }

    private var entries: [TokenSource: Entry] = [:]

    /// What a request finds.
    enum Found {
        case held(OwnedBytes)
        case refused(String)
        /// It will be taken up again when the fetcher has answered.
        case waits
    }

    /// A token of `source` for the request of `client`; `ask` is called when the fetcher has to be asked, for one granted after the time it is told.
    ///
    /// - Parameter isOperators: what callers name leaves half of the room to the operator's sources.
    mutating func token(of source: TokenSource, for client: Token, now: Instant, isOperators: Bool = true, ask: (UInt64) -> Bool) -> Found {
        guard entries[source] != nil || makeRoom(now, below: isOperators ? TokenLimits.sources : TokenLimits.sources / 2) else { return .refused("tokens of too many sources are in use") }
        var entry = entries[source] ?? Entry()
        defer { entries[source] = entry }
        let isHeld = entry.token != nil && now.nanoseconds < entry.expiresAtNanoseconds
        let isFresh = isHeld && now.nanoseconds < entry.renewsAtNanoseconds
        if !isFresh, !entry.isAsked, now.nanoseconds >= entry.refusedUntil { entry.isAsked = ask(entry.refusedGrant) }
        if isHeld, let token = entry.token { return .held(token) }
        if entry.isAsked {
            if !entry.waiting.contains(client) { entry.waiting.append(client) }
            return .waits
        }
        return .refused(entry.refusal.isEmpty ? "too many requests wait for a token" : entry.refusal)
    }

    /// A token of `source`, if one is at hand.
    func held(_ source: TokenSource, now: Instant) -> OwnedBytes? {
        guard let entry = entries[source], now.nanoseconds < entry.expiresAtNanoseconds else { return nil }
        return entry.token
    }

    /// When the token at hand was granted; 0 for none.
    func grant(of source: TokenSource) -> UInt64 { entries[source]?.token == nil ? 0 : entries[source]?.grantedAtNanoseconds ?? 0 }

    /// A provider has refused the token of `source` that was granted at `grant`: the next request asks for another.
    mutating func giveUp(_ source: TokenSource, grantedAt grant: UInt64, now: Instant) {
        guard grant > 0, now.nanoseconds > grant &+ TokenLimits.unripeNanoseconds, entries[source]?.token != nil,
            entries[source]?.grantedAtNanoseconds == grant
        else { return }
        entries[source]?.token = nil
        entries[source]?.expiresAtNanoseconds = 0
        entries[source]?.refusedGrant = grant
    }

    /// Whether another source can be remembered: callers name them, so what serves nobody any more makes room.
    private mutating func makeRoom(_ now: Instant, below limit: Int) -> Bool {
        guard entries.count >= limit else { return true }
        entries = entries.filter { $0.value.isAsked || !$0.value.waiting.isEmpty || now.nanoseconds < $0.value.expiresAtNanoseconds }
        return entries.count < limit
    }

    /// Takes the fetcher's answer; the clients whose requests go on.
    mutating func take(_ outcome: TokenOutcome, of source: TokenSource, now: Instant) -> [Token] {
        var entry = entries[source] ?? Entry()
        entry.isAsked = false
        switch outcome {
        case .granted(let token):
            entry.token = token.bytes.withByteSlice { OwnedBytes($0) }
            entry.grantedAtNanoseconds = token.grantedAtNanoseconds
            entry.expiresAtNanoseconds = token.expiresAtNanoseconds
            entry.renewsAtNanoseconds = token.renewsAtNanoseconds
            entry.refusedUntil = 0
        case .refused(let reason):
            entry.refusal = reason
            entry.refusedUntil = now.adding(nanoseconds: TokenLimits.refusalNanoseconds).nanoseconds
        }
        let waiting = entry.waiting
        entry.waiting = []
        entries[source] = entry
        return waiting
    }
}
