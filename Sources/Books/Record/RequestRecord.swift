public import Bytes
import JSON
public import Ledger

/// Why bytes are no record.
public enum RecordFault: Error, Equatable, CustomStringConvertible {
    /// They end within it.
    case cut
    /// A later program's.
    case otherVersion(UInt8)
    /// A number longer than one can be.
    case number

    public var description: String {
        switch self {
        case .cut: "the record is cut"
        case .otherVersion(let version): "the record is of version \(version); this program knows \(RecordWriter.version)"
        case .number: "a number of the record has no end"
        }
    }
}

/// What one request was and did, read from the journal. Off the workers: its texts are strings.
public struct RequestRecord: Sendable {
    public var figures = RecordFigures()
    public var trace = ""
    public var span = ""
    public var parentSpan = ""
    public var spanName = ""
    public var organisation = ""
    public var workspace = ""
    public var key = ""
    public var keyName = ""
    public var certificate = ""
    public var virtualKey = ""
    /// An object, as it was sent; empty for none.
    public var metadata = ""
    public var user = ""
    public var config = ""
    /// What tells the text of a config of the file from others of its name.
    public var configDigest = ""
    /// The slug of the stored prompt that it is rendered from.
    public var prompt = ""
    public var promptID = ""
    public var endpoint = ""
    public var method = ""
    public var path = ""
    public var provider = ""
    public var model = ""
    public var served = ""
    public var target = ""
    /// A JSON array; empty where there was none, or one of which the rest says all. See `tries`.
    public var attempts = ""
    public var priceBook = ""
    public var error = ""
    public var finishReason = ""
    public var peer = ""
    public var agent = ""
    /// What Portkey's SDK says of itself: `portkey-2.3.4`.
    public var sdk = ""
    /// Of the program that served it.
    public var gatewayVersion = ""
    /// What an observation is of: `agent`, `tool`, `chain`; empty for a request to a model.
    public var kind = ""
    /// The terms it was served at, in the provider's word: `flex`, `default`.
    public var serviceTier = ""
    /// Whose budgets and limits it was counted in, a line each: `key:search-team`.
    public var limits = ""
    /// What its guardrails came to, a JSON array; empty where there were none.
    public var guardrails = ""

    public init() {}

    public init(_ bytes: ByteSlice) throws(RecordFault) {
        var reader = RecordReader(bytes)
        let version = try reader.byte()
        guard version == RecordWriter.version else { throw .otherVersion(version) }
        figures.identifier = Identifier(high: try reader.word(), low: try reader.word())
        let count = try reader.number()
        var index: UInt64 = 0
        while index < count {
            let value = try reader.number()
            if let number = RecordNumber(rawValue: Int(clamping: index)) { figures.set(number, to: value) }
            index += 1
        }
        while !reader.isAtEnd {
            let tag = try reader.byte()
            let text = try reader.text()
            if let known = RecordText(rawValue: tag) { set(known, to: String(text)) }
        }
        if figures.flags.contains(.ownTrace), trace.isEmpty { trace = figures.identifier.description }
    }

    private mutating func set(_ tag: RecordText, to text: String) {
        switch tag {
        case .trace: trace = text
        case .span: span = text
        case .parentSpan: parentSpan = text
        case .spanName: spanName = text
        case .organisation: organisation = text
        case .workspace: workspace = text
        case .key: key = text
        case .keyName: keyName = text
        case .certificate: certificate = text
        case .virtualKey: virtualKey = text
        case .metadata: metadata = text
        case .user: user = text
        case .config: config = text
        case .configDigest: configDigest = text
        case .endpoint: endpoint = text
        case .method: method = text
        case .path: path = text
        case .provider: provider = text
        case .model: model = text
        case .served: served = text
        case .target: target = text
        case .attempts: attempts = text
        case .priceBook: priceBook = text
        case .error: error = text
        case .finishReason: finishReason = text
        case .peer: peer = text
        case .agent: agent = text
        case .sdk: sdk = text
        case .gatewayVersion: gatewayVersion = text
        case .prompt: prompt = text
        case .promptID: promptID = text
        case .kind: kind = text
        case .serviceTier: serviceTier = text
        case .limits: limits = text
        case .guardrails: guardrails = text
        }
    }

    // MARK: What follows from it

    public var identifier: Identifier { figures.identifier }
    public var inputTokens: Int64? { figures.flags.contains(.counted) ? figures.usage.inputTotal : nil }
    public var outputTokens: Int64? { figures.flags.contains(.counted) ? figures.usage.outputTotal : nil }
    /// The same and its cost in nano-dollars, with what attempts took whose answers nobody got: what providers charge for.
    public var billedInputTokens: Int64? { billed(inputTokens, figures.lostInputTokens) }
    public var billedOutputTokens: Int64? { billed(outputTokens, figures.lostOutputTokens) }
    /// Nil where nothing has a price.
    public var billedCost: Int64? { billed(figures.cost < 0 ? nil : figures.cost, max(0, figures.lostCost)) }

    /// What each token of a stream took behind the first; nil where there were no two, or nobody has counted.
    public var nanosecondsPerToken: UInt64? {
        guard figures.flags.contains(.stream), !figures.flags.contains(.estimated), let tokens = outputTokens, tokens > 1, figures.firstTokenNanoseconds > 0,
            figures.totalNanoseconds >= figures.firstTokenNanoseconds
        else { return nil }
        return (figures.totalNanoseconds - figures.firstTokenNanoseconds) / UInt64(tokens - 1)
    }

    private func billed(_ own: Int64?, _ lost: Int64) -> Int64? { own == nil && lost == 0 ? nil : (own ?? 0) + lost }

    /// The version of a prompt as requests name it: `pp-hello-0a1b2c@3`.
    public var promptReference: String { prompt.isEmpty ? "" : "\(prompt)@\(figures.promptVersion)" }
    public var isSuccess: Bool { (200..<400).contains(figures.status) }

    /// Whose fault a failure is: of a refusal its own word, of a provider's answer what its status says.
    public var blame: RecordedBlame {
        if figures.blame != .none { return figures.blame }
        switch figures.status {
        case 0..<400: return .none
        // The credential, the quota and the service are the provider's side.
        case 401, 403, 429, 500...: return .upstream
        default: return .client
        }
    }

    /// The metadata's members: texts as they are but cut, numbers and truth values in writing; what is an object or an array is left out. `_user` is among
    /// them when the request names a user in any way.
    public var metadataPairs: [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        if !metadata.isEmpty, case .object(let members)? = DocumentParser.parse(metadata).document?.root.value {
            for member in members {
                let value: String
                switch member.value.value {
                case .string(let text): value = String(text.prefix(BooksLimits.metadataValueCount))
                case .number(let number): value = number.text
                case .boolean(let flag): value = flag ? "true" : "false"
                case .null, .array, .object: continue
                }
                pairs.append((member.name, value))
            }
        }
        if !user.isEmpty, !pairs.contains(where: { $0.key == "_user" }) { pairs.append(("_user", user)) }
        return pairs
    }
}

/// Takes a record's bytes one after the other; never past their end.
struct RecordReader {
    private var rest: ByteSlice

    init(_ bytes: ByteSlice) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }
    /// How many are left.
    var byteCount: Int { rest.count }

    mutating func byte() throws(RecordFault) -> UInt8 {
        guard !rest.isEmpty else { throw .cut }
        defer { rest = rest.dropFirst(1) }
        return rest[0]
    }

    /// Eight bytes, the most significant first.
    mutating func word() throws(RecordFault) -> UInt64 {
        guard rest.count >= 8 else { throw .cut }
        var word: UInt64 = 0
        for index in 0..<8 { word = word << 8 | UInt64(rest[index]) }
        rest = rest.dropFirst(8)
        return word
    }

    mutating func number() throws(RecordFault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            // The tenth byte has room for one bit.
            guard shift < 63 || next <= 1 else { throw .number }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func text() throws(RecordFault) -> ByteSlice {
        let count = Int(clamping: try number())
        guard count <= rest.count else { throw .cut }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
