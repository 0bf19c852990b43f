import JSON
import Policy

/// A row of `exporters:`: where records are sent.
public struct ExporterDeclaration: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case otlp, jsonl, webhook

        /// What it has beside what all have.
        var keys: [String] {
            switch self {
            case .otlp: ["endpoint", "headers", "ca_file", "resource", "compression"]
            case .jsonl: ["path", "rotate_size", "rotate_every", "keep_files"]
            case .webhook: ["url", "secret", "headers", "ca_file"]
            }
        }
    }

    public let name: String
    public let kind: Kind
    /// Where it posts to; nil where it writes a file.
    var destination: WebhookDeclaration?
    /// Attributes of all that an `otlp` sends.
    public internal(set) var resource: [(name: String, value: String)] = []
    /// Whether an `otlp`'s posts are packed with gzip.
    public internal(set) var isPacked = false
    /// The file; empty where there is none.
    public internal(set) var path = ""
    /// Empty for all.
    public internal(set) var workspaces: [String] = []
    public internal(set) var startsAtOldest = false
    public internal(set) var includesReported = false
    private var values: [Row: Int64] = [:]

    init(name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    public var batch: Int { Int(value(.batch)) }
    public var everyNanoseconds: UInt64 { UInt64(value(.every)) }
    public var timeoutNanoseconds: UInt64 { UInt64(value(.timeout)) }
    /// Bytes; nil where it is off.
    public var rotateSize: Int64? { value(.rotateSize) == 0 ? nil : value(.rotateSize) }
    /// Nil where it is off.
    public var rotateEveryNanoseconds: UInt64? { value(.rotateEvery) == 0 ? nil : UInt64(value(.rotateEvery)) }
    public var keepFiles: Int { Int(value(.keepFiles)) }

    private func value(_ row: Row) -> Int64 { values[row] ?? row.row.fallback }
    mutating func set(_ row: Row, to value: Int64) { values[row] = value }

    /// Its numbers: each with its default, its range and its reason.
    enum Row: String, CaseIterable {
        case batch, every, timeout
        case rotateSize = "rotate_size"
        case rotateEvery = "rotate_every"
        case keepFiles = "keep_files"

        var row: Bound.Row {
            let millisecond: Int64 = 1_000_000
            let day = 86_400_000 * millisecond
            return switch self {
            case .batch:
                Bound.Row(
                    section: .limits, unit: .count, fallback: 512, range: 1...8192, mayBeOff: false,
                    reason: "records of one batch; 4 MiB are one, too, whatever they have")
            case .every:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: 1000 * millisecond, range: 20 * millisecond...3_600_000 * millisecond, mayBeOff: false,
                    reason: "the most that a record waits for others to go with")
            case .timeout:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: 10_000 * millisecond, range: 100 * millisecond...300_000 * millisecond, mayBeOff: false,
                    reason: "a whole post, from the name's resolution to the answer")
            case .rotateSize:
                Bound.Row(
                    section: .limits, unit: .byteCount, fallback: 256 << 20, range: 64 << 10...1 << 40, mayBeOff: true,
                    reason: "of a file of lines, before another is begun")
            case .rotateEvery:
                Bound.Row(
                    section: .limits, unit: .duration, fallback: day, range: 60_000 * millisecond...366 * day, mayBeOff: true,
                    reason: "another file of lines is begun at each whole multiple of it, a day's at midnight (UTC)")
            case .keepFiles:
                Bound.Row(
                    section: .limits, unit: .count, fallback: 14, range: 0...10_000, mayBeOff: false,
                    reason: "files of lines that are kept beside the one that is written; the oldest are removed")
            }
        }
    }
}

extension ConfigurationReader {
    /// Names → where records are sent.
    mutating func exporters(_ field: Field) -> [ExporterDeclaration] {
        let entries = schema.entries(of: field)
        guard entries.count <= ConfigurationLimits.exporterCount else {
            schema.report("\(quoted(field.name)) has \(entries.count) entries; up to \(ConfigurationLimits.exporterCount) are possible", at: field)
            return []
        }
        var declared: [ExporterDeclaration] = []
        for (name, entry) in entries where self.name(name, of: "exporter", entry) {
            guard let exporter = exporter(name, entry) else { continue }
            if !exporter.path.isEmpty, let twin = declared.first(where: { $0.path == exporter.path }) {
                let message = "exporter \(quoted(name)) writes the file of exporter \(quoted(twin.name))"
                schema.report(message, hint: "give each a path of its own", kind: .meaning, at: entry)
            }
            declared.append(exporter)
        }
        return declared
    }

    private mutating func exporter(_ name: String, _ field: Field) -> ExporterDeclaration? {
        guard let kind = exporterKind(field), let fields = schema.fields(of: field, schema: ConfigurationSchema.exporter(kind)) else { return nil }
        var declaration = ExporterDeclaration(name: name, kind)
        for row in ExporterDeclaration.Row.allCases {
            if let found = fields[row.rawValue], let value = value(of: row.row, found) { declaration.set(row, to: value) }
        }
        if let found = fields["workspaces"] { declaration.workspaces = workspaces(found) }
        if let found = fields["start"] { declaration.startsAtOldest = schema.choice(found, of: ["now", "oldest"]) == "oldest" }
        if let found = fields["reported"] { declaration.includesReported = schema.boolean(found) ?? false }
        switch kind {
        case .otlp:
            declaration.destination = destination(name, fields, address: "endpoint", example: "http://127.0.0.1:4318/v1/traces", in: field)
            if let found = fields["resource"] { declaration.resource = resource(found) }
            if let found = fields["compression"] { declaration.isPacked = schema.choice(found, of: ["none", "gzip"]) == "gzip" }
        case .webhook: declaration.destination = destination(name, fields, address: "url", example: "https://hooks.example.com/path", in: field)
        case .jsonl:
            if let found = fields["path"], let path = path(found) { declaration.path = path }
            if fields["path"] == nil { schema.missing("path", in: field) }
        }
        return declaration
    }

    /// Its type decides which keys it may have.
    private mutating func exporterKind(_ field: Field) -> ExporterDeclaration.Kind? {
        let entries = schema.entries(of: field)
        guard let found = entries.first(where: { $0.name == "type" })?.field else {
            if case .object = field.node.value { schema.missing("type", in: field) }
            return nil
        }
        return schema.choice(found, of: ExporterDeclaration.Kind.allCases.map(\.rawValue)).flatMap { ExporterDeclaration.Kind(rawValue: $0) }
    }

    private mutating func destination(_ name: String, _ fields: Fields, address: String, example: String, in field: Field) -> WebhookDeclaration? {
        let url = fields[address].flatMap { webhookURL($0, example: example) }
        if fields[address] == nil { schema.missing(address, in: field) }
        let secret = fields["secret"].flatMap { secret in
            self.secret(secret, .signingKey, hint: "write env:NAME, file:/path, or the secret itself: any text, or whsec_ and base64")
        }
        let headers = fields["headers"].map { webhookHeaders($0) } ?? []
        if let found = fields[address], let url, !headers.isEmpty { warnIfExposed(url, found) }
        let caFile = fields["ca_file"].flatMap { path($0) }
        return url.map { WebhookDeclaration(name: name, url: $0, secret: secret, headers: headers, caFile: caFile) }
    }

    private mutating func workspaces(_ field: Field) -> [String] {
        several(field, atMost: ConfigurationLimits.allowedCount, called: field.name).compactMap { element in
            guard let text = schema.string(element) else { return nil }
            if (1...ConfigurationLimits.allowedByteCount).contains(text.utf8.count) { return text }
            schema.report("\(quoted(text)) is no workspace", hint: "write the id that `sluice logs --json` shows", at: element)
            return nil
        }
    }

    private mutating func resource(_ field: Field) -> [(name: String, value: String)] {
        let entries = schema.entries(of: field)
        if entries.count > ConfigurationLimits.resourceCount {
            schema.report("\(quoted(field.name)) has \(entries.count) attributes; up to \(ConfigurationLimits.resourceCount) are possible", at: field)
        }
        return entries.compactMap { name, entry in
            guard let text = schema.string(entry) else { return nil }
            let sizes = [name.utf8.count, text.utf8.count]
            if sizes.allSatisfy({ (1...ConfigurationLimits.resourceByteCount).contains($0) }) { return (name, text) }
            schema.report("\(quoted(name)) or its text is empty, or has more than \(ConfigurationLimits.resourceByteCount) bytes", at: entry)
            return nil
        }
    }
}
