/// Bounds of a configuration document.
public enum DocumentLimits {
    /// Levels of arrays and objects. Configs nest eight targets deep, each two levels; override
    /// parameters (a tool schema, say) take the rest. Keeps every walk off the end of the stack.
    public static let depth = 64

    /// Bytes of one JSON document. A config of 256 targets with generous overrides is half of it.
    public static let textByteCount = 256 << 10

    /// Faults told of one document. The rest are told as one: a hostile text could have one a byte.
    public static let diagnosticCount = 100

    /// Values in one document, those that aliases repeat counted again.
    public static let nodeCount = 1 << 16
}
