public import Bytes
public import JSON

/// Errors as Amazon Bedrock words them: `{"message":"…"}`, the type beside it in the field `x-amzn-errortype`, or, in a stream, in the
/// frame's `:exception-type`.
/// - Source: Amazon Bedrock API Reference, "Common errors", "ConverseStream"; Smithy, "AWS REST JSON 1.0 protocol", Operation error serialization
public enum BedrockError {
    /// Reads the body of an error; nil when it is none.
    public static func read(_ body: JSONValue) -> UpstreamFault? {
        // Services before the runtime (IAM, the load balancer) capitalise the member.
        guard let message = body["message"]?.string ?? body["Message"]?.string ?? body["originalMessage"]?.string else { return nil }
        return UpstreamFault(message: message, type: body["__type"]?.string ?? body["code"]?.string)
    }

    /// The type's name alone in what `x-amzn-errortype` says: `ThrottlingException:http://internal.amazon.com/coral/…`, or with its
    /// namespace before a `#`. Empty when it is no name.
    public static func name(in field: ByteSlice) -> ByteSlice {
        var name = field.prefix(field.firstIndex(of: UInt8(ascii: ":")) ?? field.count)
        if let mark = name.firstIndex(of: UInt8(ascii: "#")) { name = name.dropFirst(mark + 1) }
        for index in 0..<name.count where !ASCII.isLetter(name[index]) && !ASCII.isDigit(name[index]) { return ByteSlice("") }
        return name
    }

    /// The status an exception in a stream would have had as an answer of its own.
    /// - Source: the service's model in botocore, `bedrock-runtime/2023-09-30/service-2.json`
    public static func status(of type: ByteSlice) -> Int {
        for row in statuses where type.count == row.name.utf8CodeUnitCount && type.equalsIgnoringCase(row.name) { return row.status }
        return 500
    }

    private static let statuses: [(name: StaticString, status: Int)] = [
        ("throttlingexception", 429), ("validationexception", 400), ("accessdeniedexception", 403), ("resourcenotfoundexception", 404),
        ("modeltimeoutexception", 408), ("modelstreamerrorexception", 424), ("modelerrorexception", 424), ("modelnotreadyexception", 429),
        ("servicequotaexceededexception", 400), ("serviceunavailableexception", 503), ("internalserverexception", 500),
    ]
}
