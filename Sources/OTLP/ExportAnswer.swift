import JSON

/// What exporters are answered, in their encoding.
/// - Source: OTLP/HTTP, "OTLP/HTTP Response"
public enum ExportAnswer {
    public enum Signal: Sendable {
        case traces, logs
    }

    /// An `ExportTraceServiceResponse` or `ExportLogsServiceResponse`: empty where all was taken.
    ///
    /// - Parameter message: why some were not.
    public static func taken(_ signal: Signal, rejected: Int, _ message: String, _ encoding: TelemetryEncoding) -> [UInt8] {
        switch encoding {
        case .protobuf:
            guard rejected > 0 else { return [] }
            var partial = WireBytes()
            partial.append(1, number: UInt64(rejected))
            partial.append(2, bytes: Array(message.utf8))
            var answer = WireBytes()
            answer.append(1, bytes: partial.bytes)
            return answer.bytes
        case .json:
            guard rejected > 0 else { return Array("{}".utf8) }
            let count = signal == .traces ? "rejectedSpans" : "rejectedLogRecords"
            return Array("{\"partialSuccess\":{\"\(count)\":\"\(rejected)\",\"errorMessage\":".utf8) + quoted(message) + Array("}}".utf8)
        }
    }

    /// A `google.rpc.Status`.
    public static func status(_ code: StatusCode, _ message: String, _ encoding: TelemetryEncoding) -> [UInt8] {
        switch encoding {
        case .protobuf:
            var status = WireBytes()
            status.append(1, number: code.rawValue)
            status.append(2, bytes: Array(message.utf8))
            return status.bytes
        case .json: return Array("{\"code\":\(code.rawValue),\"message\":".utf8) + quoted(message) + Array("}".utf8)
        }
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        DocumentNode.write(text, into: &bytes)
        return bytes
    }
}

/// Codes of gRPC.
public enum StatusCode: UInt64, Sendable {
    case invalidArgument = 3
    case notFound = 5
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case unimplemented = 12
    case internalFault = 13
    case unavailable = 14
    case unauthenticated = 16
}

/// Fields of a message, written one after the other.
struct WireBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ field: UInt8, number: UInt64) {
        bytes.append(field << 3)
        append(number)
    }

    mutating func append(_ field: UInt8, bytes content: [UInt8]) {
        bytes.append(field << 3 | 2)
        append(UInt64(content.count))
        bytes += content
    }

    private mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
