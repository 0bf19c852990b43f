/// Every bound of this module: number, unit, reason.
public enum PromptLimits {
    /// Members of a request for a prompt beside its variables: each takes the place of a saved one, which is looked for. As many as a scan of
    /// any other request records.
    static let memberCount = 256

    /// Values and names of such a request (16 bytes each, 8 MB at most, that each worker may come to keep): a conversation of 100,000 messages.
    static let valueCount = 1 << 19

    /// Parameters that a prompt is saved with. Providers have some forty.
    static let parameterCount = 256

    /// Partials told of as missing. One that is asked for again and again is told once.
    static let toldCount = 16
}
