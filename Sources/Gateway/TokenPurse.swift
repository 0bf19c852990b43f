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
        var expiresAtNanoseconds: UInt64 = 0
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

    /// A token of `source` for the request of `client`; `ask` is called when the fetcher has to be asked.
    mutating func token(of source: TokenSource, for client: Token, now: Instant, ask: () -> Bool) -> Found {
        var entry = entries[source] ?? Entry()
        defer { entries[source] = entry }
        let isHeld = entry.token != nil && now.nanoseconds < entry.expiresAtNanoseconds
        let isFresh = isHeld && now.nanoseconds + TokenLimits.renewalNanoseconds < entry.expiresAtNanoseconds
        if !isFresh, !entry.isAsked, now.nanoseconds >= entry.refusedUntil { entry.isAsked = ask() }
        if isHeld, let token = entry.token { return .held(token) }
        if entry.isAsked {
            entry.waiting.append(client)
            return .waits
        }
        return .refused(entry.refusal.isEmpty ? "too many requests wait for a token" : entry.refusal)
    }

    /// Takes the fetcher's answer; the clients whose requests go on.
    mutating func take(_ outcome: TokenOutcome, of source: TokenSource, now: Instant) -> [Token] {
        var entry = entries[source] ?? Entry()
        entry.isAsked = false
        switch outcome {
        case .granted(let token):
            entry.token = token.bytes.withByteSlice { OwnedBytes($0) }
            entry.expiresAtNanoseconds = token.expiresAtNanoseconds
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
