import Books
import JSON

/// A record as spans: one for the request, and one below it for each attempt that the record has.
///
/// - Source: OpenTelemetry semantic conventions 1.40.0, GenAI client spans; trace.proto `Span`, `Status`
struct SpanEncoder {
    private(set) var writer = ProtobufWriter()

    private enum Kind {
        static let own: UInt64 = 1
        static let client: UInt64 = 3
    }

    private static let isError: UInt64 = 2

    mutating func add(_ record: RequestRecord) {
        let identity = SpanIdentity(record)
        let start = record.figures.wallNanoseconds
        let end = start.addingReportingOverflow(record.figures.totalNanoseconds).partialValue
        let isObservation = record.figures.flags.contains(.observation)
        writer.message(2) { span in
            span.bytes(1, identity.trace)
            span.bytes(2, identity.span)
            if !identity.parent.isEmpty { span.bytes(4, identity.parent) }
            span.text(5, SpanEncoder.name(record))
            span.number(6, isObservation ? Kind.own : Kind.client)
            span.fixed(7, start)
            span.fixed(8, end)
            SpanAttributes(record).write(to: &span)
            let status = record.figures.status
            guard status >= 400 || !record.error.isEmpty else { return }
            span.message(15) { $0.status(record.error, SpanEncoder.isError) }
        }
        addAttempts(record, identity, start)
    }

    /// `{operation} {model}`, as the conventions have it; of an observation the name that its teller gave.
    private static func name(_ record: RequestRecord) -> String {
        if record.figures.flags.contains(.observation), !record.spanName.isEmpty { return record.spanName }
        let operation = SpanAttributes.operation(record)
        let model = record.model.isEmpty ? record.served : record.model
        return model.isEmpty ? operation : "\(operation) \(model)"
    }

    /// Where there were several. Those of an older record, which says nothing of when they began, one after the other.
    private mutating func addAttempts(_ record: RequestRecord, _ identity: SpanIdentity, _ start: UInt64) {
        let entries = record.tries
        guard entries.count > 1 else { return }
        var begun = start
        for (index, entry) in entries.enumerated() {
            guard let attempt = Attempt(entry) else { continue }
            if let offset = attempt.begunMicroseconds { begun = start &+ offset &* 1000 }
            let over = begun.addingReportingOverflow(attempt.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue).partialValue
            writer.message(2) { span in
                span.bytes(1, identity.trace)
                span.bytes(2, identity.attempt(index))
                span.bytes(4, identity.span)
                span.text(5, "attempt \(index + 1)")
                span.number(6, Kind.client)
                span.fixed(7, begun)
                span.fixed(8, over)
                attempt.write(to: &span)
                if let fault = attempt.fault { span.message(15) { $0.status(fault, SpanEncoder.isError) } }
            }
            begun = over
        }
    }
}

/// One entry of a record's `tries`.
private struct Attempt {
    var milliseconds: UInt64 = 0
    private(set) var begunMicroseconds: UInt64?
    private var target = ""
    private var reason = ""
    private var end = ""
    private var status: Int64?

    init?(_ node: DocumentNode) {
        guard case .object(let members) = node.value else { return nil }
        for member in members {
            switch (member.name, member.value.value) {
            case ("target", .string(let text)): target = text
            case ("why", .string(let text)): reason = text
            case ("end", .string(let text)): end = text
            case ("status", .number(let number)): status = number.integer
            case ("begun_us", .number(let number)): begunMicroseconds = number.integer.map { UInt64(clamping: $0) }
            case ("ms", .number(let number)): milliseconds = UInt64(clamping: number.integer ?? 0)
            default: break
            }
        }
    }

    /// What went wrong with it; nil where nothing has.
    var fault: String? {
        if !end.isEmpty { return end }
        guard let status, status >= 400 else { return nil }
        return "\(status)"
    }

    func write(to span: inout ProtobufWriter) {
        if !target.isEmpty { span.attribute(9, "sluice.target", target) }
        if !reason.isEmpty { span.attribute(9, "sluice.attempt.reason", reason) }
        if let status { span.attribute(9, "http.response.status_code") { $0.number(3, UInt64(bitPattern: status)) } }
        if let fault { span.attribute(9, "error.type", fault) }
    }
}

extension ProtobufWriter {
    /// `Status`: a message, and 2 for an error.
    fileprivate mutating func status(_ message: String, _ code: UInt64) {
        if !message.isEmpty { text(2, message) }
        number(3, code)
    }
}
