/// Bounds of telemetry that is read.
public enum OTLPLimits {
    /// Spans of one request, or log records: what a collector sends at once unless it is told otherwise. Those behind them are rejected, and told so.
    public static let spanCount = 8192

    /// Attributes that are kept of one span, event or resource: all that are known by name, and as much metadata as a record has room for.
    public static let attributeCount = 256

    /// Events that are kept of one span.
    public static let eventCount = 64

    /// Events behind those that are kept where they say what a model chose: the answer comes last, after each message that was asked.
    public static let choiceCount = 16

    /// Levels of lists and maps in an attribute's value; each takes a frame of the stack.
    public static let valueDepth = 16

    /// Elements that are kept of a list or a map in an attribute.
    public static let elementCount = 64

    /// The same of one attribute, whose lists and maps may have others in them: each takes some 40 bytes, and two of a body.
    static let valueCount = 1024

    /// Bytes that are kept of a text; what is longer is cut. But for messages, texts are short.
    public static let textByteCount = 8192

    /// Bytes that are kept of a text in what was asked or answered, where that is kept, and of all that a span says of either, as JSON: as much as a body may
    /// be kept of.
    public static let contentByteCount = 2 << 20

    /// Bytes of all that one body says was asked and answered, as JSON: as many as it may have unpacked. Of controls each becomes six.
    public static let bodyContentByteCount = 16 << 20

    /// Attributes of one span, or of one event, that say what was asked or answered: a thousand messages, one part of each after the other.
    public static let contentCount = 4096

    /// Elements of a list or a map in them: a long conversation, or one vector of an embedding.
    public static let contentElementCount = 4096

    /// Values of all of them in one body: attributes and their elements. Some 100 of each span of a batch of 512; those behind are passed over.
    public static let contentValueCount = 1 << 16

    /// Values of one text in them that is JSON, which else stays a text: as many as a list may have.
    public static let contentTextValueCount = 4096

    /// The same of all texts in one body: as many as there may be beside them.
    public static let contentTextsValueCount = 1 << 16

    /// Names within each other that an attribute's name is taken apart into: `llm.input_messages.0.message.tool_calls.0.tool_call.function.name` has eight.
    static let contentDepth = 16

    /// Unicode scalars that are looked at of a provider's name, in which each full stop is a place to try: no known one has half as many.
    static let providerNameCount = 64

    /// Levels of nesting of a JSON body: those of its messages, and an attribute's values.
    public static let jsonDepth = 64

    /// Values and names of a JSON body (16 bytes each): some 200,000 attributes.
    public static let jsonNodeCount = 1 << 21

    /// Nanoseconds for which a span may have lasted: 30 days. A longer one has its clock wrong.
    public static let durationNanoseconds: UInt64 = 2_592_000_000_000_000
}
