import Reactor
import Testing

@testable import Gateway
@testable import Tokens

@Suite("Tokens at hand")
struct TokenPurseTests {
    private let source = TokenSource(authority: nil, tenant: "t", client: "c", secret: [1], scope: "")
    private let client = Token(kind: 1, generation: 1, slot: 1)

    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private func granted(_ text: String, at seconds: UInt64) -> TokenOutcome {
        .granted(AccessToken(bytes: Array(text.utf8), now: seconds * 1_000_000_000, lifeNanoseconds: 3_600_000_000_000))
    }

    /// What a request at `seconds` finds, and after which grant the fetcher was asked for another.
    private func find(_ purse: inout TokenPurse, at seconds: UInt64) -> (held: String?, asked: UInt64?) {
        var asked: UInt64?
        let found = purse.token(of: source, for: client, now: at(seconds)) { grant in
            asked = grant
            return true
        }
        if case .held(let token) = found { return (String(token.slice), asked) }
        return (nil, asked)
    }

    @Test("a token that a provider refuses is given up, and another is asked for that was granted later")
    func refused() {
        var purse = TokenPurse()
        #expect(find(&purse, at: 1) == (nil, 0))
        #expect(purse.take(granted("one", at: 2), of: source, now: at(2)) == [client])
        #expect(find(&purse, at: 3) == ("one", nil))
        purse.giveUp(source, grantedAt: purse.grant(of: source), now: at(100))
        #expect(find(&purse, at: 100) == (nil, 2_000_000_000))
        _ = purse.take(granted("two", at: 101), of: source, now: at(101))
        #expect(find(&purse, at: 102) == ("two", nil))
    }

    @Test("a refusal of the token before says nothing of this one, and a young one is not given up")
    func late() {
        var purse = TokenPurse()
        _ = purse.take(granted("one", at: 2), of: source, now: at(2))
        let first = purse.grant(of: source)
        purse.giveUp(source, grantedAt: first, now: Instant(nanoseconds: first + TokenLimits.unripeNanoseconds))
        #expect(find(&purse, at: 9).held == "one")
        _ = purse.take(granted("two", at: 50), of: source, now: at(50))
        purse.giveUp(source, grantedAt: first, now: at(100))
        #expect(find(&purse, at: 100).held == "two")
        purse.giveUp(source, grantedAt: 0, now: at(100))
        #expect(find(&purse, at: 100).held == "two")
    }
}
