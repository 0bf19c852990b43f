import Bytes
import Reactor
import Tokens

/// What the steps ask of tokens.
extension Worker {
    /// A token of `source` for the request of `client`, which is taken up again when one has come.
    func token(of source: TokenSource, for client: Token, isOperators: Bool) -> TokenPurse.Found {
        guard let tokenFetcher else { return .refused("this gateway fetches no tokens") }
        let mailbox = mailbox
        return tokens.token(of: source, for: client, now: now, isOperators: isOperators) { grant in
            tokenFetcher.ask(source, isUrgent: isOperators, after: grant) { mailbox.post(.token(source, $0)) }
        }
    }

    /// A token of `source`, if one is at hand.
    func heldToken(of source: TokenSource) -> OwnedBytes? { tokens.held(source, now: now) }

    /// When the token at hand was granted, on the monotonic clock; 0 for none.
    func tokenGrant(of source: TokenSource) -> UInt64 { tokens.grant(of: source) }

    /// A provider has refused the token of `source` that was granted then.
    func giveUpToken(of source: TokenSource, grantedAt grant: UInt64) { tokens.giveUp(source, grantedAt: grant, now: now) }
}
