import Policy

/// `books.bodies:`, whether and how bodies and header fields are kept beside records.
public struct BodiesDeclaration: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        case full
        case metricsOnly = "metrics_only"
    }

    public internal(set) var mode = Mode.metricsOnly
    /// Of workspaces, by slug or id.
    public internal(set) var workspaces: [String: Mode] = [:]
    /// Header fields whose values are kept beside those that are known to hold no secret.
    public internal(set) var fields: [String] = []
    /// Bytes of one body.
    public internal(set) var most = Row.most.row.fallback
    /// Nanoseconds.
    public internal(set) var keep = Row.keep.row.fallback
    /// Bytes.
    public internal(set) var keepSize = Row.keepSize.row.fallback

    public init() {}

    /// Workspaces of which it is otherwise than of all others.
    public var exceptions: Set<String> { Set(workspaces.filter { $0.value != mode }.keys) }

    /// Its numbers: each with its default, its range and its reason.
    enum Row: String, CaseIterable {
        case most, keep
        case keepSize = "keep_size"

        var row: Bound.Row {
            let hour: Int64 = 3_600_000_000_000
            return switch self {
            case .most:
                Bound.Row(
                    section: .limits, unit: .byteCount, fallback: 1 << 20, range: 1 << 10...2 << 20, mayBeOff: false,
                    reason: "what is kept of one body; a longer one is cut, and its log says so")
            case .keep:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: 72 * hour, range: hour...87_840 * hour, mayBeOff: false,
                    reason: "for how long bodies are kept, apart from their rows; whole hours of them are removed")
            case .keepSize:
                Bound.Row(
                    section: .limits, unit: .byteCount, fallback: 10 << 30, range: 1 << 20...1 << 44, mayBeOff: false,
                    reason: "what bodies may take of the disk; beyond it the oldest hours are removed, whatever their age")
            }
        }
    }
}

extension ConfigurationReader {
    mutating func bodies(_ field: Field) -> BodiesDeclaration {
        var declaration = BodiesDeclaration()
        // `bodies: full` says enough.
        if case .string = field.node.value {
            declaration.mode = bodiesMode(field) ?? declaration.mode
            return declaration
        }
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.bodies) else { return declaration }
        if let found = fields["mode"] { declaration.mode = bodiesMode(found) ?? declaration.mode }
        if let found = fields["workspaces"] {
            for (name, entry) in schema.entries(of: found) { declaration.workspaces[name] = bodiesMode(entry) }
        }
        if let found = fields["fields"] {
            declaration.fields = several(found, atMost: ConfigurationLimits.keptFieldCount, called: "fields").compactMap { schema.string($0)?.lowercased() }
        }
        for row in BodiesDeclaration.Row.allCases {
            guard let found = fields[row.rawValue], let value = value(of: row.row, found) else { continue }
            switch row {
            case .most: declaration.most = value
            case .keep: declaration.keep = value
            case .keepSize: declaration.keepSize = value
            }
        }
        return declaration
    }

    private mutating func bodiesMode(_ field: Field) -> BodiesDeclaration.Mode? {
        schema.choice(field, of: BodiesDeclaration.Mode.allCases.map(\.rawValue)).flatMap { BodiesDeclaration.Mode(rawValue: $0) }
    }
}
