import Books
import Bytes
import Compression
import JSON
import OTLP

/// What OpenTelemetry's exporters send: spans, and log records that tell of calls of models.
/// - Source: OTLP/HTTP 1.x
enum Telemetry {
    private static let types = ["application/x-protobuf", "application/json"]

    static let routes = [
        Route(.post, "/otel/v1/traces", .scope("logs.write"), "Records spans that an exporter of OpenTelemetry sends.", takes: types) {
            (console, call) throws(ConsoleError) in try console.recordTelemetry(call) { _ in .traces }
        },
        Route(.post, "/otel/v1/logs", .scope("logs.write"), "Records calls of models that log records of OpenTelemetry tell of.", takes: types) {
            (console, call) throws(ConsoleError) in try console.recordTelemetry(call) { _ in .logs }
        },
        Route(.post, "/logs/otel", .scope("logs.write"), "Records spans; log records as well, where they are JSON.", takes: types) {
            (console, call) throws(ConsoleError) in try console.recordTelemetry(call) { $0 ? .logs : .traces }
        },
    ]

    /// How the body is written, and so its answer; nil for a type that is not taken.
    static func encoding(_ request: ConsoleRequest) -> TelemetryEncoding? {
        let type = request.contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        return type == types[0] ? .protobuf : type == types[1] ? .json : nil
    }

    /// Refusals are a `google.rpc.Status` here.
    static func refusal(_ error: ConsoleError, to request: ConsoleRequest) -> ConsoleAnswer {
        let code: StatusCode =
            switch error {
            case .invalid, .otherType: .invalidArgument
            case .tooLong: .resourceExhausted
            case .unauthorised: .unauthenticated
            case .forbidden: .permissionDenied
            case .notFound: .notFound
            case .wrongMethod: .unimplemented
            case .conflict: .failedPrecondition
            case .failed: .internalFault
            case .unavailable: .unavailable
            }
        return answer(error.status, ExportAnswer.status(code, error.message, encoding(request) ?? .json), to: request)
    }

    static func answer(_ status: Int, _ body: [UInt8], to request: ConsoleRequest) -> ConsoleAnswer {
        ConsoleAnswer(status: status, contentType: encoding(request) == .protobuf ? .protobuf : .json, body: body)
    }
}

extension ConsoleRequest {
    var isTelemetry: Bool { Array(method.utf8).withByteSlice { method in path.withByteSlice { ConsolePath.isTelemetry(method, $0) } } }
}

/// What becomes records of one request, and what does not.
private struct Intake {
    var readings: [SpanReading] = []
    /// Those behind as many as are read.
    var unread = 0
    private var nameless = 0

    /// - Parameter room: of the body, for what was asked and answered.
    mutating func take(_ span: Span, _ room: ValueRoom) {
        if span.trace.isEmpty || span.span.isEmpty {
            nameless += 1
        } else {
            readings.append(SpanReading(span, room))
        }
    }

    /// Those that tell of no call are taken, and nothing is kept of them.
    mutating func take(_ log: LogRecord, _ room: ValueRoom) {
        if let reading = SpanReading(log, room) { readings.append(reading) }
    }

    var rejected: Int { nameless + unread }

    var reason: String {
        var reasons: [String] = []
        if nameless > 0 { reasons.append("\(nameless) without a trace id of 16 bytes or a span id of 8") }
        if unread > 0 { reasons.append("\(unread) behind the first \(OTLPLimits.spanCount), which are as many as one request may have") }
        return reasons.joined(separator: "; ")
    }
}

extension Console {
    /// - Parameter signal: which of the two it is, where the body says whether it is of logs.
    fileprivate func recordTelemetry(_ call: Call, _ signal: (Bool) -> ExportAnswer.Signal) throws(ConsoleError) -> ConsoleAnswer {
        guard let reports else { throw .noRecords }
        guard let encoding = Telemetry.encoding(call.request) else {
            throw .otherType("this path takes application/x-protobuf and application/json, not \(quoted(call.request.contentType))")
        }
        guard call.request.body.count <= ConsoleLimits.telemetryByteCount else {
            throw .tooLong("the body has \(call.request.body.count) bytes; at most \(ConsoleLimits.telemetryByteCount) are read")
        }
        let keepsBodies = !call.request.isFiguresAlone && reports.keepsBodies(ofWorkspace: call.caller.workspaceOfRequests)
        let reader = TelemetryReader(encoding, contents: keepsBodies ? { ContentNames.isContent($0) } : nil) { AttributeNames.isRead($0) }
        var intake = Intake()
        var unread = 0
        let body = try unpacked(call.request)
        let found: ExportAnswer.Signal
        do throws(TelemetryError) {
            found = try body.withByteSlice { (body) throws(TelemetryError) in
                let found = signal(reader.isOfLogs(body))
                switch found {
                case .traces: unread = try reader.spans(body) { intake.take($0, reader.room) }
                case .logs: unread = try reader.logs(body) { intake.take($0, reader.room) }
                }
                return found
            }
        } catch {
            throw .invalid("", error.description)
        }
        intake.unread = unread
        let writer = SpanRecords(call, reports)
        let own = OwnCalls(intake.readings, writer, books, reports, workspace: call.caller.workspaceOfRequests, now: call.now)
        let told = intake.readings.map { ToldRequest(writer.record($0, isOwn: own.include($0)), SpanRecords.bodies($0)) }
        guard told.isEmpty || reports.record(told, nowMilliseconds: call.now) != nil else {
            throw .unavailable("the books' disk is behind, and nothing of this was recorded; try again")
        }
        return Telemetry.answer(200, ExportAnswer.taken(found, rejected: intake.rejected, intake.reason, encoding), to: call.request)
    }

    private func unpacked(_ request: ConsoleRequest) throws(ConsoleError) -> [UInt8] {
        guard request.isGzip else { return request.body }
        do throws(GzipError) {
            return try request.body.withByteSlice { (packed) throws(GzipError) in
                try Gzip.unpacked(packed, atMost: ConsoleLimits.unpackedTelemetryByteCount)
            }
        } catch .tooLong(let limit) {
            throw .tooLong(GzipError.tooLong(limit: limit).description)
        } catch .noMemory {
            throw .unavailable(GzipError.noMemory.description)
        } catch {
            throw .invalid("", error.description)
        }
    }
}
