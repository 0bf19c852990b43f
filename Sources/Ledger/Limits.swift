/// Bounds of the ledger.
public enum LedgerLimits {
    /// Bytes of a credential a connection remembers: a gateway key and a little room. A longer one is
    /// simply hashed each time.
    public static let rememberedByteCount = 64

    /// Bytes of a credential worth hashing. Ours have 59; a longer one belongs to nobody here.
    public static let credentialByteCount = 512

    /// Keys one table takes: with the room that probing needs they are 300 to 600 bytes each, and twice that with a secret before; 160 MB at most.
    public static let keyCount = 1 << 18

    /// Members of a request's baggage that are read: what the specification asks everybody to pass on (W3C Baggage §3.3.2).
    public static let baggageMembers = 64

    /// Bytes of a request's baggage that are read, for the same reason.
    public static let baggageByteCount = 8192

    /// Random bytes an identifier maker fetches at once: 512 identifiers a system call.
    static let randomBlockByteCount = 4096
}
