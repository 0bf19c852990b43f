public import Bytes
public import Ledger

/// A record's bytes in parts: what only it says, and what many requests say alike, so that the latter can be kept once.
///
/// Version, id and the three parts, one after the other in any order of the last two, are the record again.
public struct RecordParts {
    public static let version = RecordWriter.version

    public let identifier: Identifier
    /// The numbers, and the texts that are this request's own.
    public private(set) var own: [UInt8] = []
    /// Texts that the requests of one caller to one target share.
    public private(set) var shared: [UInt8] = []
    /// Its metadata, and its user.
    public private(set) var metadata: [UInt8] = []

    public init(_ bytes: ByteSlice) throws(RecordFault) {
        var reader = RecordReader(bytes)
        let version = try reader.byte()
        guard version == RecordParts.version else { throw .otherVersion(version) }
        identifier = Identifier(high: try reader.word(), low: try reader.word())
        let start = bytes.count - reader.byteCount
        let count = try reader.number()
        var index: UInt64 = 0
        while index < count {
            _ = try reader.number()
            index += 1
        }
        own = RecordParts.copy(bytes[start..<bytes.count - reader.byteCount])
        while !reader.isAtEnd {
            let start = bytes.count - reader.byteCount
            let tag = RecordText(rawValue: try reader.byte())
            _ = try reader.text()
            let text = RecordParts.copy(bytes[start..<bytes.count - reader.byteCount])
            switch tag.map(RecordParts.place) ?? .own {
            case .own: own += text
            case .shared: shared += text
            case .metadata: metadata += text
            }
        }
    }

    private enum Place { case own, shared, metadata }

    private static func place(of tag: RecordText) -> Place {
        switch tag {
        case .trace, .span, .parentSpan, .spanName, .attempts, .peer, .guardrails: .own
        case .metadata, .user: .metadata
        case .organisation, .workspace, .key, .keyName, .certificate, .virtualKey, .config, .endpoint, .method, .path, .provider, .model, .served, .target,
            .priceBook, .error, .finishReason, .agent, .prompt, .promptID, .kind, .serviceTier, .limits, .configDigest, .gatewayVersion, .sdk:
            .shared
        }
    }

    private static func copy(_ bytes: ByteSlice) -> [UInt8] { Array(UnsafeBufferPointer(start: bytes.base, count: bytes.count)) }
}
