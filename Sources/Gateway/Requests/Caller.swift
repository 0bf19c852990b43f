import Bytes
import Ledger

/// Who asks, and with what credential, as far as the request says.
struct Caller {
    /// The gateway key's holder; nil in pass-through.
    var principal: Principal?
    /// Where the holder was found, and the policies that the request falls under: what the holder is known by lies there, whatever is adopted meanwhile.
    /// Nil where there is neither.
    var snapshot: Snapshot?
    /// What the holder may spend; nil where nothing limits it.
    var terms: SpendingTerms?
    /// What the holder may use; nil where nothing restricts it.
    var restrictions: KeyRestrictions?
    /// What is said of the holder's requests, whatever they say themselves; nil for most, and then so is the next.
    var keyMetadata: KeyMetadata?
    /// What the request says of itself, where some of it is its baggage's.
    var ownMetadata: OwnedBytes?
    /// What is said of the holder's requests, and what the request says of itself beside it.
    var metadata: OwnedBytes?
    /// What of the route's targets the caller may not use, by their place; empty where it may use all.
    var forbidden: [Forbidden] = []
    /// What those of its workspace may spend together; nil where nothing limits it.
    var workspaceTerms: SpendingTerms?
    /// The caller's own provider credential, where it stands in the request; without `Bearer `.
    var credential: Range<Int>?
    /// The `Authorization` value is of another scheme than Bearer: passed on as it stands.
    var isOtherScheme = false

    /// Of one target.
    struct Forbidden {
        /// Credentials, a bit each.
        var keys: UInt64 = 0
        /// Whether they are all there are.
        var isWhole = false
        var why: Rejection?
    }

    var bringsCredential: Bool { credential != nil }

    mutating func reset() { self = Caller() }
}
