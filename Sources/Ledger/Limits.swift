/// Bounds of the ledger.
public enum LedgerLimits {
    /// Bytes of a credential a connection remembers: a gateway key and a little room. A longer one is
    /// simply hashed each time.
    public static let rememberedByteCount = 64

    /// Bytes of a credential worth hashing. Ours have 59; a longer one belongs to nobody here.
    public static let credentialByteCount = 512

    /// Keys one table takes: at 64 bytes each, 64 MB.
    public static let keyCount = 1 << 20

    /// Random bytes an identifier maker fetches at once: 512 identifiers a system call.
    static let randomBlockByteCount = 4096
}
