import CHyperscan

/// The working memory of matching: one a worker, for any number of patterns.
///
/// It grows to what the most demanding pattern needs and never shrinks; `PatternLimits` bound that.
public struct PatternScratch: ~Copyable, @unchecked Sendable {
    // Sendable: it has one owner at a time and shares nothing.

    private var memory: OpaquePointer?

    /// Identities of patterns it is known to fit, each in the slot of its last bits. Hyperscan compares only part of what a
    /// database needs before it scans, so a scratch that was never fitted must not be tried.
    private var fitted: [UInt64]

    public init() {
        fitted = Array(repeating: 0, count: PatternLimits.fittedCount)
    }

    deinit { if let memory { hs_free_scratch(memory) } }

    /// Grows to what `pattern` needs, so that matching with it allocates nothing. False where memory is missing.
    @discardableResult
    public mutating func fit(_ pattern: Pattern) -> Bool { space(for: pattern.database, pattern.identity) != nil }

    /// The memory, fitted to the database of that identity; nil where it cannot grow.
    mutating func space(for database: OpaquePointer, _ identity: UInt64) -> OpaquePointer? {
        let slot = Int(truncatingIfNeeded: identity) & (PatternLimits.fittedCount - 1)
        if fitted[slot] == identity { return memory }
        // Never asks for less than it has: what fitted before still fits.
        guard hs_alloc_scratch(database, &memory) == HS_SUCCESS else {
            // Without memory Hyperscan lets go of what there was, too.
            for slot in fitted.indices { fitted[slot] = 0 }
            return nil
        }
        fitted[slot] = identity
        return memory
    }
}
