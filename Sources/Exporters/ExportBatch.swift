import Books
import JSON
import Ledger

/// In which form a sink takes records.
enum ExportForm: Sendable {
    case spans(TraceRequest)
    /// A line of JSON each, as `sluice logs --json` prints it.
    case lines
    /// `{"type":"sluice.records","records":[…]}`
    case message
}

/// Records on their way: in their sink's form, with where in the journal they end.
struct ExportBatch {
    let form: ExportForm
    private(set) var count = 0
    /// Where segments have been read to that are not where the position says.
    var ends: [SegmentName: JournalPosition.Place] = [:]
    /// When the oldest of its records was over, in nanoseconds since 1970.
    private(set) var oldestNanoseconds: UInt64 = .max
    /// Bytes between its records that were none.
    var damagedByteCount = 0
    private var body: [UInt8] = []
    private var first: Identifier?

    init(_ form: ExportForm) { self.form = form }

    /// The same for the same records, each time they are sent.
    var id: String { "\(first.map { $0.description } ?? "none")-\(count)" }

    var byteCount: Int { body.count }

    mutating func add(_ record: RequestRecord) {
        let figures = record.figures
        oldestNanoseconds = min(oldestNanoseconds, figures.wallNanoseconds.addingReportingOverflow(figures.totalNanoseconds).partialValue)
        if first == nil { first = record.identifier }
        switch form {
        case .spans:
            var encoder = SpanEncoder()
            encoder.add(record)
            body += encoder.writer.bytes
        case .lines:
            body += record.document.json
            body.append(UInt8(ascii: "\n"))
        case .message:
            if count > 0 { body.append(UInt8(ascii: ",")) }
            body += record.document.json
        }
        count += 1
    }

    /// What is sent.
    var closed: [UInt8] {
        switch form {
        case .spans(let request): request.around(body)
        case .lines: body
        case .message: Array(#"{"type":"sluice.records","records":["#.utf8) + body + Array("]}".utf8)
        }
    }
}
