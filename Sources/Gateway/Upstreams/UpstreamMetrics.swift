import Synchronization

/// How all workers reached their upstreams.
///
/// Named atomics: workers add, `Operations` reads. Relaxed, since each is a number by itself.
final class UpstreamMetrics: Sendable {
    enum Event: Int, CaseIterable {
        /// Connections that were made, by what is spoken on them.
        case http1, http2
        /// Streams that were begun on those of HTTP/2.
        case stream
        /// Streams that an upstream refused.
        case refused
        /// Connections on which an upstream said that it takes no more.
        case wentAway
        /// Connections that gave no sign of life when asked for one.
        case silent
    }

    private final class Counter: Sendable {
        let value = Atomic<UInt64>(0)
    }

    private let counters: [Counter]

    init() { counters = Event.allCases.map { _ in Counter() } }

    func count(_ event: Event) { counters[event.rawValue].value.wrappingAdd(1, ordering: .relaxed) }

    private func value(_ event: Event) -> UInt64 { counters[event.rawValue].value.load(ordering: .relaxed) }

    /// In the text format of Prometheus.
    var text: String {
        """
        # HELP sluice_upstream_connections_total Connections made to upstreams.
        # TYPE sluice_upstream_connections_total counter
        sluice_upstream_connections_total{protocol="http/1.1"} \(value(.http1))
        sluice_upstream_connections_total{protocol="h2"} \(value(.http2))
        # HELP sluice_upstream_streams_total HTTP/2 streams begun to upstreams.
        # TYPE sluice_upstream_streams_total counter
        sluice_upstream_streams_total \(value(.stream))
        # HELP sluice_upstream_streams_refused_total HTTP/2 streams that an upstream would not look at.
        # TYPE sluice_upstream_streams_refused_total counter
        sluice_upstream_streams_refused_total \(value(.refused))
        # HELP sluice_upstream_connections_ended_total HTTP/2 connections that upstreams took no more streams on, or that were silent when asked.
        # TYPE sluice_upstream_connections_ended_total counter
        sluice_upstream_connections_ended_total{reason="goaway"} \(value(.wentAway))
        sluice_upstream_connections_ended_total{reason="silent"} \(value(.silent))

        """
    }
}
