public import Bytes
import JSON

/// How a body is written.
public enum TelemetryEncoding: Sendable {
    case protobuf, json
}

/// Which attributes are kept.
struct AttributeChoice {
    let keeps: (String) -> Bool
    /// Which say what was asked and answered; nil where that is not kept.
    let isContent: ((String) -> Bool)?
    /// For what those say.
    let room: ValueRoom
}

/// Reads what exporters send, span by span: one is in memory at a time, and nothing is kept of attributes that nobody asks for.
/// - Source: opentelemetry-proto 1.x, `collector/trace/v1` and `collector/logs/v1`; OTLP/JSON as the specification's "JSON Protobuf Encoding"
public struct TelemetryReader {
    private let encoding: TelemetryEncoding
    private let choice: AttributeChoice

    /// What is left for values of what was asked and answered, to make readings with. It is one body's, as the reader is.
    public var room: ValueRoom { choice.room }

    /// - Parameters:
    ///   - contents: the same for what was asked and answered, and whether that is kept of GenAI's events; nil where it is not kept.
    ///   - keeps: whether an attribute is kept, by its name.
    public init(_ encoding: TelemetryEncoding, contents: ((String) -> Bool)? = nil, keeping keeps: @escaping (String) -> Bool) {
        self.encoding = encoding
        choice = AttributeChoice(keeps: keeps, isContent: contents, room: ValueRoom())
    }

    /// The spans of an `ExportTraceServiceRequest`, in order. Where it throws, those before have been given.
    ///
    /// - Returns: how many there are behind the first `OTLPLimits.spanCount`, which are not read.
    public func spans(_ body: ByteSlice, _ each: (Span) -> Void) throws(TelemetryError) -> Int {
        switch encoding {
        case .protobuf: try ProtobufTelemetry(choice: choice).spans(body, each)
        case .json: try JSONTelemetry(choice: choice).spans(body, each)
        }
    }

    /// The same for the records of an `ExportLogsServiceRequest`.
    public func logs(_ body: ByteSlice, _ each: (LogRecord) -> Void) throws(TelemetryError) -> Int {
        switch encoding {
        case .protobuf: try ProtobufTelemetry(choice: choice).logs(body, each)
        case .json: try JSONTelemetry(choice: choice).logs(body, each)
        }
    }

    /// Whether a body is of log records, as far as it says so: protobuf does not.
    public func isOfLogs(_ body: ByteSlice) -> Bool {
        guard encoding == .json, let root = JSONView(objectIn: body) else { return false }
        return root.child(ByteSlice("resourceLogs")) != nil || root.child(ByteSlice("resource_logs")) != nil
    }
}
