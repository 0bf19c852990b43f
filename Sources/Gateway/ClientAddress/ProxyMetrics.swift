import Reactor
import Synchronization

/// Connections that were to begin with a PROXY header and did not, of all workers.
final class ProxyMetrics: Sendable {
    private let refused = Atomic<UInt64>(0)
    private let notice = RareNotice(everyNanoseconds: GatewayLimits.noticeNanoseconds)

    /// Counts one.
    /// - Returns: how many before it were not told, when it is to be.
    func refused(now: Instant) -> UInt64? {
        refused.wrappingAdd(1, ordering: .relaxed)
        return notice.isDue(now: now)
    }

    /// In the text format of Prometheus.
    var text: String {
        """
        # HELP sluice_proxy_headers_refused_total Connections closed for a PROXY header that was missing, faulty, late, or not from a trusted proxy.
        # TYPE sluice_proxy_headers_refused_total counter
        sluice_proxy_headers_refused_total \(refused.load(ordering: .relaxed))

        """
    }
}
