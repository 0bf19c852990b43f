/// Bounds of a configuration document.
public enum DocumentLimits {
    /// Levels of arrays and objects. Configs nest eight targets deep, each two levels; override
    /// parameters (a tool schema, say) take the rest. Keeps every walk off the end of the stack.
    public static let depth = 64

    /// Bytes of one JSON document. A config of 256 targets with generous overrides is half of it.
    public static let textByteCount = 256 << 10

    /// Values in one document, those that aliases repeat counted again.
    public static let nodeCount = 1 << 16
}
