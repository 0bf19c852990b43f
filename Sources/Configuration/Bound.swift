/// Every bound the file can set, one row each: the key, its default and why.
///
/// `limits:` and `timeouts:` are read from this table and `docs/limits.md` is written from it, so the
/// three cannot disagree. A key once released is never given another meaning.
public enum Bound: String, CaseIterable, Sendable {
    // limits:
    case head, line, fields, body
    case responseHead = "response_head"
    case tlsHandshake = "tls_handshake"
    case headTime = "head_time"
    case bodyRate = "body_rate"
    case bodyGrace = "body_grace"
    case idle
    case clients
    case inFlight = "in_flight"
    case lag
    case streams
    case requestsPerConnection = "requests_per_connection"
    case writeStall = "write_stall"
    case answerRate = "answer_rate"
    case answerGrace = "answer_grace"
    case buffers
    case cache
    case originConnections = "origin_connections"
    case queue
    case queueWait = "queue_wait"
    case poolIdle = "pool_idle"
    case poolAge = "pool_age"
    case pingAfter = "ping_after"
    case pingTime = "ping_time"
    case drainTimeout = "drain_timeout"
    case upgradeDrainTimeout = "upgrade_drain_timeout"
    // timeouts:
    case connect, tls
    case firstByte = "first_byte"
    case gap, total

    public enum Section: String, Sendable { case limits, timeouts }

    public enum Unit: String, Sendable {
        case duration, byteCount = "size", bytesPerSecond = "size a second", count
    }

    struct Row {
        let section: Section
        let unit: Unit
        let fallback: Int64
        let range: ClosedRange<Int64>
        /// Whether `off` is a value.
        let mayBeOff: Bool
        let reason: String
    }

    private static func duration(
        _ section: Section, _ fallback: Int64, _ range: ClosedRange<Int64>, orOff mayBeOff: Bool = false, _ reason: String
    ) -> Row {
        let millisecond: Int64 = 1_000_000
        let nanoseconds = range.lowerBound * millisecond...range.upperBound * millisecond
        return Row(
            section: section, unit: .duration, fallback: fallback * millisecond, range: nanoseconds, mayBeOff: mayBeOff,
            reason: reason)
    }

    private static func size(_ fallback: Int64, _ range: ClosedRange<Int64>, _ reason: String) -> Row {
        Row(section: .limits, unit: .byteCount, fallback: fallback, range: range, mayBeOff: false, reason: reason)
    }

    private static func count(_ fallback: Int64, _ range: ClosedRange<Int64>, _ reason: String) -> Row {
        Row(section: .limits, unit: .count, fallback: fallback, range: range, mayBeOff: false, reason: reason)
    }

    private static let kib: Int64 = 1 << 10
    private static let mib: Int64 = 1 << 20
    private static let day: Int64 = 86_400_000

    var row: Row {
        switch self {
        case .head: Bound.size(64 * Bound.kib, Bound.kib...Bound.mib, "request head; cookies and an inline config fit, past it 431")
        case .line:
            Bound.size(8 * Bound.kib, 256...64 * Bound.kib, "request line; longer targets are attacks or mistakes, past it 414")
        case .fields: Bound.count(100, 8...1000, "header fields of a request, past it 431")
        case .body:
            Bound.size(
                20 * Bound.mib, Bound.kib...1024 * Bound.mib,
                "body that is collected: JSON before routing, files of batches for buckets; images as base64 fit, past it 413")
        case .responseHead: Bound.size(64 * Bound.kib, Bound.kib...Bound.mib, "response head of a provider, past it 502")
        case .tlsHandshake: Bound.duration(.limits, 10_000, 100...600_000, "for a client's TLS handshake, past it the connection is closed")
        case .headTime:
            Bound.duration(.limits, 10_000, 100...600_000, "for the whole request head, against slow senders, past it 408")
        case .bodyRate:
            Row(
                section: .limits, unit: .bytesPerSecond, fallback: Bound.kib, range: 0...Bound.mib, mayBeOff: true,
                reason: "slowest a body may come once the grace is over, past it 408")
        case .bodyGrace: Bound.duration(.limits, 10_000, 100...600_000, "before the slowest rate applies")
        case .idle:
            Bound.duration(
                .limits, 75_000, 100...Bound.day, "a client's connection without a request; longer than load balancers' 60 s")
        case .clients: Bound.count(65_536, 1...1_048_576, "client connections of the process; at 1 KiB idle that is 64 MiB")
        case .inFlight:
            Bound.count(16_384, 1...1_048_576, "requests under way in the process; a block of 64 KiB each is all of `buffers`. The last ninth is kept from whoever has the rest, past it 503")
        case .lag:
            Bound.duration(
                .limits, 50, 1...10_000, orOff: true, "what a worker may be behind with its turns for ten times as long; past it a part of the requests is 503")
        case .streams: Bound.count(100, 1...1000, "streams of one HTTP/2 connection at once, as its client is told; more are refused")
        case .requestsPerConnection:
            Bound.count(100_000, 1...1_000_000_000, "requests before a client connection is closed, so that load spreads again")
        case .writeStall:
            Bound.duration(.limits, 60_000, 100...Bound.day, "for a client to take any of its waiting answer, past it the connection is closed")
        case .answerRate:
            Row(
                section: .limits, unit: .bytesPerSecond, fallback: Bound.kib, range: 0...Bound.mib, mayBeOff: true,
                reason: "slowest a client may take an answer that waits for it, once the grace is over; past it the connection is closed, or the stream reset")
        case .answerGrace: Bound.duration(.limits, 60_000, 100...Bound.day, "before the slowest rate applies, from when the answer had to wait")
        case .buffers:
            Bound.size(1024 * Bound.mib, 16 * Bound.mib...1_048_576 * Bound.mib, "bytes in all buffers of the process, past seven eighths 503; half of what a control group (`MemoryMax`) or the machine has where that is less. Read at the start only")
        case .cache:
            Row(
                section: .limits, unit: .byteCount, fallback: 256 * Bound.mib, range: Bound.mib...1_048_576 * Bound.mib, mayBeOff: true,
                reason: "answers that are kept for `cache`, the oldest unused making room; an eighth of the memory there is where that is less. Read at the start only")
        case .originConnections: Bound.count(4096, 1...65_536, "connections to one origin, each worker; a stream holds one for as long as it runs")
        case .queue: Bound.count(1024, 0...65_536, "requests waiting for a connection to one origin beside those it is dialled for, each worker, past it 503")
        case .queueWait: Bound.duration(.limits, 5_000, 1...600_000, "in that queue; clients give up soon after, past it 503")
        case .poolIdle:
            Bound.duration(.limits, 30_000, 100...Bound.day, "an unused connection to a provider; shorter than providers' own 60 s")
        case .poolAge:
            Bound.duration(.limits, 600_000, 1000...Bound.day, "a connection to a provider, so that changed addresses are noticed")
        case .pingAfter:
            Bound.duration(
                .limits, 10_000, 10...Bound.day, "silence after which a provider's HTTP/2 connection is asked for a sign of life when it is used again")
        case .pingTime:
            Bound.duration(
                .limits, 5_000, 10...600_000, "for that sign; without one the connection is given up, and what it has not received goes to another")
        case .drainTimeout:
            Bound.duration(.limits, 30_000, 0...Bound.day, "for requests in flight when stopping; orchestrators kill after 30 s")
        case .upgradeDrainTimeout:
            Bound.duration(.limits, 600_000, 0...Bound.day, "for them in the process that an upgrade has replaced; nobody waits for it, so streams may end")
        case .connect: Bound.duration(.timeouts, 5_000, 10...60_000, "one TCP connection; two retransmissions of SYN fit")
        case .tls: Bound.duration(.timeouts, 5_000, 10...60_000, "a TLS handshake")
        case .firstByte:
            Bound.duration(
                .timeouts, 600_000, 10...Bound.day, orOff: true,
                "the response head; long answers that are not streamed take minutes, and SDKs wait 600 s")
        case .gap:
            Bound.duration(
                .timeouts, 120_000, 10...Bound.day, orOff: true,
                "between two reads of an answer; reasoning models pause, but send pings")
        case .total:
            Bound.duration(
                .timeouts, 3_600_000, 10...7 * Bound.day, orOff: true, "one request from its first byte to its answer's last, all attempts together")
        }
    }

    public var section: Section { row.section }
    public var unit: Unit { row.unit }
}

/// The bounds as configured: those of the file over the defaults.
public struct Bounds: Sendable, Equatable {
    private var values: [Bound: Int64] = [:]

    /// All defaults.
    public init() {}

    /// Nanoseconds of a duration; nil when it is off.
    public func nanoseconds(_ bound: Bound) -> UInt64? {
        precondition(bound.unit == .duration, "\(bound) is no duration")
        let value = values[bound] ?? bound.row.fallback
        return value == 0 && bound.row.mayBeOff ? nil : UInt64(value)
    }

    /// Bytes, bytes a second, or a plain count; 0 when it is off.
    public func number(_ bound: Bound) -> Int {
        precondition(bound.unit != .duration, "\(bound) is a duration")
        return Int(values[bound] ?? bound.row.fallback)
    }

    /// Whether the file says.
    public func isSet(_ bound: Bound) -> Bool { values[bound] != nil }

    mutating func set(_ bound: Bound, to value: Int64) { values[bound] = value }
}

/// One line of `docs/limits.md`.
public struct LimitRow: Sendable, Hashable {
    /// `limits.head`, `timeouts.connect`.
    public let name: String
    /// As the file would write it.
    public let defaultText: String
    public let unit: String
    public let reason: String

    /// Every configurable bound, in the order of the file.
    public static var all: [LimitRow] {
        Bound.allCases.map { LimitRow("\($0.row.section.rawValue).\($0.rawValue)", $0.row) }
            + BooksDeclaration.Row.allCases.map { LimitRow("books.\($0.rawValue)", $0.row) }
            + BodiesDeclaration.Row.allCases.map { LimitRow("books.bodies.\($0.rawValue)", $0.row) }
            + ExporterDeclaration.Row.allCases.map { LimitRow("exporters.\($0.rawValue)", $0.row) }
    }

    private init(_ name: String, _ row: Bound.Row) {
        self.name = name
        defaultText = Bound.text(row.fallback, row.unit)
        unit = row.unit.rawValue
        reason = row.reason
    }
}

extension Bound {
    static func text(_ value: Int64, _ unit: Unit) -> String {
        switch unit {
        case .duration: Quantity.text(value, Quantity.durationUnits)
        case .byteCount, .bytesPerSecond: Quantity.text(value, Quantity.sizeUnits)
        case .count: "\(value)"
        }
    }
}
