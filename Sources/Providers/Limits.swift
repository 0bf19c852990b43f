public import Bytes

/// The bounds of this module.
public enum Limits {
    /// Bytes of a credential. The longest in use are OAuth and cloud JWTs of a few KiB.
    public static let credentialByteCount = 8192

    /// The largest token count believed. Ten counts of this size add up without overflow, and no
    /// model reads 2⁴⁸ tokens.
    public static let tokenCount: Int64 = 1 << 48

    /// Events at a stream's start that are scanned for the model's name, for hosts that send none.
    static let modelSearchEventCount = 4
}

/// A model's name as kept for the record, 128 bytes. A fine-tuned model's name is about 80.
public typealias ModelText = InlineText<128>

/// A finish reason or event type, 48 bytes. The longest known, `response.incomplete` and its kin,
/// stay under 40.
public typealias WordText = InlineText<48>

/// A member name that is looked at, 32 bytes; `cache_creation_input_tokens` has 27.
typealias MemberNameText = InlineText<32>

/// The part of a path after `/v1` that is compared with the known endpoints, 48 bytes. The longest
/// of those has 22; what follows it in a longer path is not looked at.
typealias PathText = InlineText<48>

/// The containers the usage reader is in, six: answer, choices, choice, usage, details, and one
/// to spare.
typealias FollowedContainers = InlineArray<6, UsageScan.Container>

/// The renames of one row, two: no host needs more.
typealias RenameEntries = InlineArray<2, FieldRename>
