public import Bytes

/// What a client asks of a new batch, checked and decoded: the same for each provider.
public struct BatchOrder {
    public var model: [UInt8] = []
    /// Where the requests are: `s3://bucket/key`, `gs://bucket/key`.
    public var input: [UInt8] = []
    /// The folder its answers go to, with a slash at its end.
    public var output: [UInt8] = []
    /// What the provider calls the job.
    public var name: [UInt8] = []
    /// The role a job of Bedrock's reads and writes with.
    public var role: [UInt8] = []
    /// What the answers are encrypted with; empty for the bucket's own way.
    public var encryptionKey: [UInt8] = []
    /// Hours until a job that is not done ends; nil for the provider's own.
    public var hours: Int64?
    /// Whether Bedrock's rows are bodies of `Converse`, as this gateway writes them.
    public var isConverse = true

    public init() {}

    /// The hours in OpenAI's `completion_window`; nil when it is none that a job can have.
    /// - Source: Amazon Bedrock API Reference, "CreateModelInvocationJob", timeoutDurationInHours
    public static func hours(in window: ByteSlice) -> Int64? {
        guard window.count > 1, window[window.count - 1] == UInt8(ascii: "h"), let hours = window.prefix(window.count - 1).decimal else { return nil }
        return (24...168).contains(hours) ? hours : nil
    }
}

extension ByteWriter {
    /// Appends `,"name":"text"`, escaped.
    mutating func append(member name: StaticString, _ text: [UInt8]) {
        append(",\"")
        append(name)
        append("\":")
        text.withByteSlice { append(jsonString: $0) }
    }
}
