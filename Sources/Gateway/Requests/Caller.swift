import Bytes
import Ledger

/// Who asks, and with what credential, as far as the request says.
struct Caller {
    /// The gateway key's holder; nil in pass-through.
    var principal: Principal?
    /// What the holder may spend; nil where nothing limits it.
    var terms: SpendingTerms?
    /// What the holder may use; nil where nothing restricts it.
    var restrictions: KeyRestrictions?
    /// Targets of the request's route that the caller may not use, by their place.
    var excludedTargets: [Int] = []
    /// The caller's own provider credential, where it stands in the request; without `Bearer `.
    var credential: Range<Int>?
    /// The `Authorization` value is of another scheme than Bearer: passed on as it stands.
    var isOtherScheme = false

    mutating func reset() { self = Caller() }
}
