public import Bytes

/// `@slug/model` or `@slug`: a virtual key named where a model or a provider is expected.
public struct VirtualKeyName {
    public let slug: ByteSlice
    /// What follows the first slash; empty in a provider header.
    public let model: ByteSlice

    /// Parses a model string; nil when it is a plain model name.
    ///
    /// The model may itself contain slashes: `@groq/meta-llama/llama-4`.
    public init?(model text: ByteSlice) {
        guard let slug = VirtualKeyName.slugEnd(text), slug < text.count, slug + 1 < text.count else { return nil }
        self.slug = text[1..<slug]
        model = text.dropFirst(slug + 1)
    }

    /// Parses the value of `x-portkey-provider`; nil when it is a plain provider id.
    public init?(provider text: ByteSlice) {
        guard let slug = VirtualKeyName.slugEnd(text), slug == text.count else { return nil }
        self.slug = text.dropFirst(1)
        model = text[text.count..<text.count]
    }

    /// Where the slug after "@" ends, when there is one of a proper length.
    private static func slugEnd(_ text: ByteSlice) -> Int? {
        guard text.count > 1, text[0] == UInt8(ascii: "@") else { return nil }
        let end = text.firstIndex(of: UInt8(ascii: "/")) ?? text.count
        return end > 1 && end - 1 <= PolicyLimits.nameByteCount ? end : nil
    }
}
