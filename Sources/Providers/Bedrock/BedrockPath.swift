public import Bytes
public import JSON

/// The paths of the Amazon Bedrock runtime's operations: `/model/{modelId}/converse` and its kin.
/// - Source: Amazon Bedrock API Reference, "Converse", "ConverseStream", "CountTokens"
public enum BedrockPath {
    public enum Verb: BitwiseCopyable, Sendable, CaseIterable {
        case converse, converseStream, countTokens

        var ending: StaticString {
            switch self {
            case .converse: "/converse"
            case .converseStream: "/converse-stream"
            case .countTokens: "/count-tokens"
            }
        }
    }

    /// Writes the path below `version`; the model percent-encoded, so that an ARN with its colons and slashes is one segment.
    ///
    /// - Returns: false, and nothing written, when the model cannot be a segment: empty, longer than ids are, with a control, or a dot
    ///   segment, which hosts that decode before they route would resolve.
    public static func write(model: JSONString, verb: Verb, below version: StaticString = "", to writer: inout ByteWriter) -> Bool {
        guard let plain = model.plain else {
            var decoded = BedrockModelText()
            var isWhole = false
            decoded.replace { text in
                model.decode(into: &text)
                isWhole = !text.overflowed
            }
            return isWhole && decoded.withBytesInPlace { write(decoded: $0, verb, version, &writer) }
        }
        return write(decoded: plain, verb, version, &writer)
    }

    private static func write(decoded model: ByteSlice, _ verb: Verb, _ version: StaticString, _ writer: inout ByteWriter) -> Bool {
        guard ModelSegment.isOne(model, byteCount: Limits.bedrockModelByteCount) else { return false }
        let model = verb == .countTokens ? withoutGeography(model) : model
        writer.append(version)
        writer.append("/model/")
        writer.append(percentEncoded: model)
        writer.append(verb.ending)
        return true
    }

    /// Tokens are counted by models, not by the profiles that spread them over regions.
    /// - Source: Amazon Bedrock User Guide, "Supported Regions and models for inference profiles"
    private static func withoutGeography(_ model: ByteSlice) -> ByteSlice {
        for prefix in ["us.", "us-gov.", "eu.", "apac.", "au.", "ca.", "jp.", "global."] as [StaticString] where model.hasPrefix(prefix) {
            return model.dropFirst(prefix.utf8CodeUnitCount)
        }
        return model
    }

    /// The host of a region's runtime; nil when `region` is no name of a region, which would lead elsewhere.
    /// - Source: AWS General Reference, "Amazon Bedrock endpoints and quotas"; the partitions' DNS suffixes in botocore's endpoint rules
    public static func host(ofRegion region: String) -> String? { domain(ofRegion: region).map { "bedrock-runtime.\($0)" } }

    /// The host of a region's token service.
    /// - Source: AWS General Reference, "AWS Security Token Service endpoints and quotas"
    public static func tokenHost(ofRegion region: String) -> String? { domain(ofRegion: region).map { "sts.\($0)" } }

    /// The host of a region's control plane, where jobs are.
    public static func jobHost(ofRegion region: String) -> String? { domain(ofRegion: region).map { "bedrock.\($0)" } }

    /// The host of a region's object store. Buckets stand in its paths: their names, which callers may choose, lead to no other host.
    /// - Source: Amazon S3 User Guide, "Path-style requests"
    public static func storageHost(ofRegion region: String) -> String? { domain(ofRegion: region).map { "s3.\($0)" } }

    private static func domain(ofRegion region: String) -> String? {
        let isName = (1...Limits.regionByteCount).contains(region.utf8.count) && region.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-")
        }
        guard isName, region.first != "-", region.last != "-" else { return nil }
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : region.hasPrefix("eusc-") ? "amazonaws.eu" : "amazonaws.com"
        return "\(region).\(suffix)"
    }

    /// Where requests go that name no region.
    public static let defaultRegion = "us-east-1"
}
