import JSON

/// Bounds of a routing config and of what it compiles to.
public enum PolicyLimits {
    /// Bytes of one config's text: as much as the document parser reads.
    public static let textByteCount = DocumentLimits.textByteCount

    /// Levels of `targets` inside `targets`, the config itself being the first. Real ones have three.
    public static let depth = 8

    /// Targets of one config, strategies included.
    public static let targetCount = 256

    /// Repeats of one target. More would hold a client longer than it waits: 1 + 2 + 4 + 8 + 16 s already.
    public static let retryAttemptCount = 5

    /// Override parameters of one target, its ancestors' included. No dialect has more fields.
    public static let overrideCount = 128

    /// Client header fields one target copies upstream; a request has at most 100.
    public static let forwardHeaderCount = 64

    /// Bytes of a credential or of a provider option, which travel in one header line.
    public static let credentialByteCount = 4096

    /// Bytes of a custom host. The line of a request head has 8 KiB for host and path together.
    public static let customHostByteCount = 2048

    /// Bytes of the name of a provider, a virtual key or a config.
    public static let nameByteCount = 64

    /// Milliseconds a target may take to answer: a day, which is a mistake already.
    public static let requestTimeoutMilliseconds: Int64 = 86_400_000
}
