import Synchronization

/// What one worker has to do, for operators: how even the load is, and who is behind.
final class WorkerLoad: Sendable {
    enum Figure: Int, CaseIterable {
        case accepted, connections, streams, requests, turns, busyNanoseconds, lagNanoseconds, acceptPauses, passedEvents
        case upstreamConnections, upstreamDials, upstreamIdle, upstreamWaiting
    }

    // Written by their worker alone, most of them once a turn, so that a store is enough; read for metrics. Relaxed: each is a number of its own.
    private let words = InlineArray<13, Atomic<UInt64>> { _ in Atomic(0) }

    subscript(_ figure: Figure) -> UInt64 {
        get { words[figure.rawValue].load(ordering: .relaxed) }
        set { words[figure.rawValue].store(newValue, ordering: .relaxed) }
    }

    /// The workers' figures in the text format of Prometheus.
    static func text(_ workers: [WorkerLoad]) -> String {
        var text = ""
        func tell(_ name: String, _ kind: String, _ help: String, _ value: (WorkerLoad) -> String) {
            text += "# HELP sluice_worker_\(name) \(help)\n# TYPE sluice_worker_\(name) \(kind)\n"
            for (index, worker) in workers.enumerated() { text += "sluice_worker_\(name){worker=\"\(index)\"} \(value(worker))\n" }
        }
        func seconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds) / 1e9)" }
        tell("accepted_total", "counter", "Client connections accepted.") { "\($0[.accepted])" }
        tell("connections", "gauge", "Client connections that are open.") { "\($0[.connections])" }
        tell("streams", "gauge", "Streams of HTTP/2 connections that are open.") { "\($0[.streams])" }
        tell("requests_in_flight", "gauge", "Requests under way.") { "\($0[.requests])" }
        tell("turns_total", "counter", "Turns of the loop.") { "\($0[.turns])" }
        tell("busy_seconds_total", "counter", "Time spent in turns, sleep apart.") { seconds($0[.busyNanoseconds]) }
        tell("lag_seconds", "gauge", "What requests waited for their turn, at most, in the last one.") { seconds($0[.lagNanoseconds]) }
        tell("accept_pauses_total", "counter", "Times that no connection was accepted because descriptors had run out.") { "\($0[.acceptPauses])" }
        tell("passed_events_total", "counter", "Events of streams that were passed on without a step of their request.") { "\($0[.passedEvents])" }
        tell("upstream_connections", "gauge", "Connections to upstreams that are open.") { "\($0[.upstreamConnections])" }
        tell("upstream_connections_idle", "gauge", "Of these, those of HTTP/1.1 that carry no request.") { "\($0[.upstreamIdle])" }
        tell("upstream_dials", "gauge", "Connections to upstreams that are being made.") { "\($0[.upstreamDials])" }
        tell("upstream_waiting", "gauge", "Requests that wait for a connection to their upstream.") { "\($0[.upstreamWaiting])" }
        return text
    }
}
