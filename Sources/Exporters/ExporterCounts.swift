/// What is counted of one exporter.
struct ExporterCounts: Equatable, Sendable {
    enum State: Int, Sendable {
        case delivering = 0
        /// Its sink has failed, and is left alone for a while.
        case waiting = 1
        /// One batch shows whether that is over.
        case trying = 2
        /// Another process exports for its name.
        case elsewhere = 3
        /// What it needs on the disk is not to be had.
        case unable = 4
    }

    /// Records that its sink has taken.
    var records: UInt64 = 0
    /// Tries that failed, and were or will be made again.
    var failures: UInt64 = 0
    /// Records that its sink will never take.
    var dropped: UInt64 = 0
    /// Segments that were removed before all of them was sent.
    var lostSegments: UInt64 = 0
    /// Of the journal, as of the last look.
    var backlogByteCount: Int64 = 0
    /// When the oldest record that waits was over, in nanoseconds since 1970; nil where none does.
    var oldestNanoseconds: UInt64?
    var state = State.delivering
}

extension ExporterCounts {
    /// Of several, in Prometheus's text format; empty where there are none.
    static func metrics(_ standings: [(name: String, counts: ExporterCounts)], wallNanoseconds: UInt64) -> String {
        guard !standings.isEmpty else { return "" }
        var text = ""
        func add(_ name: String, _ kind: String, _ help: String, _ value: (ExporterCounts) -> String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            // A name has no character that would have to be escaped.
            for one in standings { text += "\(name){exporter=\"\(one.name)\"} \(value(one.counts))\n" }
        }
        add("sluice_exporter_records_total", "counter", "Records that a sink has taken.") { "\($0.records)" }
        add("sluice_exporter_failures_total", "counter", "Batches that a sink did not take, and that are tried again.") { "\($0.failures)" }
        add("sluice_exporter_dropped_total", "counter", "Records that a sink will never take.") { "\($0.dropped)" }
        add("sluice_exporter_lost_segments_total", "counter", "Files of the journal that were removed before all of them was sent.") { "\($0.lostSegments)" }
        add("sluice_exporter_lag_seconds", "gauge", "Since the oldest request was over whose record waits for its sink.") { counts in
            let oldest = min(counts.oldestNanoseconds ?? wallNanoseconds, wallNanoseconds)
            return "\(Double((wallNanoseconds - oldest) / 1_000_000) / 1000)"
        }
        add("sluice_exporter_backlog_bytes", "gauge", "Bytes of the journal that wait.") { "\($0.backlogByteCount)" }
        add("sluice_exporter_state", "gauge", "0 delivering, 1 waiting after a failure, 2 trying again, 3 another process exports, 4 unable to begin, or to read all of the journal.") {
            "\($0.state.rawValue)"
        }
        return text
    }
}
