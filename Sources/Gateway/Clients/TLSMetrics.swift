import Reactor
import Synchronization
import TLS

/// How the clients of all workers fared in their TLS handshakes.
///
/// Named atomics: workers add, `Operations` reads. Relaxed, since each is a number by itself.
final class TLSMetrics: Sendable {
    /// Why a handshake failed, as metrics name it.
    enum Failure: Int, CaseIterable {
        case timeout, version, cipher, applicationProtocol, certificate, plaintext, alert, closed, other

        init(_ error: TLSError) {
            self =
                switch error {
                case .protocolVersion: .version
                case .noSharedCipher: .cipher
                case .noSharedProtocol: .applicationProtocol
                case .certificate, .certificateMissing: .certificate
                case .notTLS: .plaintext
                case .alert: .alert
                case .closedInHandshake, .system: .closed
                case .library: .other
                }
        }

        var name: StaticString {
            switch self {
            case .timeout: "timeout"
            case .version: "version"
            case .cipher: "cipher"
            case .applicationProtocol: "application_protocol"
            case .certificate: "client_certificate"
            case .plaintext: "plaintext"
            case .alert: "alert"
            case .closed: "closed"
            case .other: "other"
            }
        }

        /// Whether operators are told: load balancers that look whether a port is open connect and close all day.
        var isTold: Bool { self != .closed }
    }

    private let full = Atomic<UInt64>(0)
    private let resumed = Atomic<UInt64>(0)
    private let failures: [Counter]
    private let notice = RareNotice(everyNanoseconds: GatewayLimits.noticeNanoseconds)

    private final class Counter: Sendable {
        let value = Atomic<UInt64>(0)
    }

    init() { failures = Failure.allCases.map { _ in Counter() } }

    func succeeded(isResumed: Bool) {
        if isResumed {
            resumed.wrappingAdd(1, ordering: .relaxed)
        } else {
            full.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Counts a failure.
    /// - Returns: whether it is to be told, and how many before it were not.
    func failed(_ failure: Failure, now: Instant) -> UInt64? {
        failures[failure.rawValue].value.wrappingAdd(1, ordering: .relaxed)
        return failure.isTold ? notice.isDue(now: now) : nil
    }

    /// In the text format of Prometheus.
    var text: String {
        var text = """
            # HELP sluice_tls_handshakes_total Handshakes with clients that succeeded.
            # TYPE sluice_tls_handshakes_total counter
            sluice_tls_handshakes_total{resumed="false"} \(full.load(ordering: .relaxed))
            sluice_tls_handshakes_total{resumed="true"} \(resumed.load(ordering: .relaxed))
            # HELP sluice_tls_handshake_failures_total Handshakes with clients that failed.
            # TYPE sluice_tls_handshake_failures_total counter

            """
        for failure in Failure.allCases {
            text += "sluice_tls_handshake_failures_total{reason=\"\(failure.name)\"} \(failures[failure.rawValue].value.load(ordering: .relaxed))\n"
        }
        return text
    }
}
