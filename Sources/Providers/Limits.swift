/// The bounds of this module.
public enum Limits {
    /// Bytes of a credential. The longest in use are OAuth and cloud JWTs of a few KiB.
    public static let credentialByteCount = 8192

    /// Bytes of a model's name kept for the record. A fine-tuned model's name is about 80.
    public static let modelNameByteCount = 128

    /// Bytes of a finish reason or an event type kept. The longest known, `response.incomplete`
    /// and its kin, stay under 48.
    public static let wordByteCount = 48

    /// Bytes of a member name that is looked at; `cache_creation_input_tokens` has 27.
    static let memberNameByteCount = 32

    /// The largest token count believed. Ten counts of this size add up without overflow, and no
    /// model reads 2⁴⁸ tokens.
    public static let tokenCount: Int64 = 1 << 48

    /// Events at a stream's start that are scanned for the model's name, for hosts that send none.
    static let modelSearchEventCount = 4

    /// Containers the usage reader follows: answer, choices, choice, usage, details.
    static let followedDepth = 6

    /// Bytes of a path, after `/v1`, that are compared with the known endpoints. The longest
    /// of those has 22; what follows it in a longer path is not looked at.
    static let classifiedPathByteCount = 48

    /// Field renames of one provider row.
    static let renameCount = 2
}
