import Policy

/// `books:`, how requests are recorded.
public struct BooksDeclaration: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        case auto, required
        case bestEffort = "best_effort"
        case off
    }

    public internal(set) var mode = Mode.auto
    /// Nanoseconds.
    public internal(set) var sync = Row.sync.row.fallback
    /// Bytes.
    public internal(set) var segment = Row.segment.row.fallback
    /// Nanoseconds.
    public internal(set) var keep = Row.keep.row.fallback
    /// Bytes.
    public internal(set) var keepSize = Row.keepSize.row.fallback
    /// Nanoseconds.
    public internal(set) var rowsKeep = Row.rowsKeep.row.fallback
    /// Members of rows that exports are without.
    public internal(set) var deniedExportFields: [String] = []

    public internal(set) var bodies = BodiesDeclaration()

    public init() {}

    /// What rows of exports have, as the console names it.
    public static let exportFields = [
        "id", "trace_id", "span_id", "parent_span_id", "span_name", "created_at", "is_success", "ai_org", "ai_model", "requested_model", "req_units",
        "res_units", "total_units", "cost", "cost_currency", "request_url", "request_method", "response_status_code", "response_time", "cache_status",
        "stream_mode", "is_estimated", "is_reported", "virtual_key", "config", "api_key_id", "workspace_id", "prompt_slug", "prompt_id", "prompt_version",
        "organisation_id", "_user", "metadata", "error_code", "weighted_feedback", "total_feedbacks", "request", "response", "mode", "queue_us",
        "connect_us", "upstream_response_time", "cache_type", "config_version", "config_digest", "service_tier", "finish_reason", "source", "sdk_version",
        "gateway_version", "tokens_cached", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_audio_in", "tokens_audio_cached", "tokens_image_in",
        "tokens_image_cached", "tokens_reasoning", "tokens_audio_out", "tokens_image_out", "web_searches", "lost_tokens_in", "lost_tokens_out", "lost_cost_usd",
        "lost_estimated", "saved_usd", "saved_tokens_in", "saved_tokens_out", "price_book", "unpriced", "searches_unpriced", "target", "attempts", "hedged",
        "aborted", "blame", "first_token_us", "gateway_us", "peer", "agent", "key", "certificate", "bytes_in", "bytes_out", "first_byte_us", "token_us",
        "limits", "guardrails",
    ]

    /// Its numbers: each with its default, its range and its reason.
    enum Row: String, CaseIterable {
        case sync, segment, keep
        case keepSize = "keep_size"
        case rowsKeep = "rows_keep"

        var row: Bound.Row {
            let millisecond: Int64 = 1_000_000
            let day = 86_400_000 * millisecond
            return switch self {
            case .sync:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: 1000 * millisecond, range: 10 * millisecond...60_000 * millisecond, mayBeOff: false,
                    reason: "between two calls that have the disk take the journal: what a power failure may lose; a `kill -9` loses 20 ms at most")
            case .segment:
                Bound.Row(
                    section: .limits, unit: .byteCount, fallback: 64 << 20, range: 64 << 10...1 << 30, mayBeOff: false,
                    reason: "a file of the journal; the journal is removed by whole files")
            case .keep:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: 7 * day, range: 60_000 * millisecond...3660 * day, mayBeOff: false,
                    reason: "age at which a file of the journal is removed")
            case .keepSize:
                Bound.Row(
                    section: .limits, unit: .byteCount, fallback: 4 << 30, range: 1 << 20...1 << 44, mayBeOff: false,
                    reason: "what the journal may take of the disk; beyond it the oldest files are removed, whatever their age")
            case .rowsKeep:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: 30 * day, range: day...3660 * day, mayBeOff: false,
                    reason: "for how long rows and roll-ups are kept; whole days of them are removed")
            }
        }
    }
}

extension ConfigurationReader {
    mutating func books(_ field: Field) -> BooksDeclaration {
        var declaration = BooksDeclaration()
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.books) else { return declaration }
        if let found = fields["mode"], let word = schema.choice(found, of: BooksDeclaration.Mode.allCases.map(\.rawValue)) {
            declaration.mode = BooksDeclaration.Mode(rawValue: word) ?? declaration.mode
        }
        if let found = fields["export_denied_fields"] {
            for element in several(found, atMost: BooksDeclaration.exportFields.count, called: found.name) {
                guard let name = schema.choice(element, of: BooksDeclaration.exportFields), !declaration.deniedExportFields.contains(name) else { continue }
                declaration.deniedExportFields.append(name)
            }
        }
        if let found = fields["bodies"] { declaration.bodies = bodies(found) }
        for row in BooksDeclaration.Row.allCases {
            guard let found = fields[row.rawValue], let value = value(of: row.row, found) else { continue }
            switch row {
            case .sync: declaration.sync = value
            case .segment: declaration.segment = value
            case .keep: declaration.keep = value
            case .keepSize: declaration.keepSize = value
            case .rowsKeep: declaration.rowsKeep = value
            }
        }
        return declaration
    }
}
