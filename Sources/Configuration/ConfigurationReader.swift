import Bytes
public import JSON
public import Policy

/// The file's text → diagnostics → `ServerConfiguration`.
///
/// Every fault is told, not only the first; with any error there is no configuration.
public struct ConfigurationReader {
    let builtIn: [Catalog.Provider]
    var schema = SchemaReader(refusesUnknownKeys: true)
    /// Names in `configs:`, known before the programs are.
    var configNames: [String] = []

    /// - Parameter builtIn: the providers known without a file; their indexes stay in the catalog.
    public static func read(
        _ text: [UInt8], builtIn: [Catalog.Provider]
    ) -> (configuration: ServerConfiguration?, diagnostics: [Diagnostic]) {
        let parsed = YAMLParser.parse(text)
        guard let document = parsed.document else { return (nil, parsed.diagnostics) }
        var reader = ConfigurationReader(builtIn: builtIn)
        let configuration = reader.read(document)
        let diagnostics = (parsed.diagnostics + reader.schema.diagnostics).inTextOrder
        return (diagnostics.hasErrors ? nil : configuration, diagnostics)
    }

    /// What a server without a file runs with.
    public static func standard(builtIn: [Catalog.Provider]) -> ServerConfiguration {
        ServerConfiguration(catalog: Catalog(providers: builtIn))
    }

    init(builtIn: [Catalog.Provider]) { self.builtIn = builtIn }

    private mutating func read(_ document: Document) -> ServerConfiguration? {
        let root = Field(node: document.root, path: DocumentPath(), keyPosition: document.root.position)
        guard let fields = schema.fields(of: root, schema: ConfigurationSchema.root) else { return nil }
        version(fields["version"], in: root)
        var configuration = ServerConfiguration(catalog: Catalog(providers: builtIn))
        if let found = fields["listen"] { configuration.listeners = listen(found) }
        if let found = fields["trusted_proxies"] { configuration.proxies = proxies(found) }
        if configuration.listeners.contains(where: \.expectsProxyHeader), fields["trusted_proxies"] == nil, let found = fields["listen"] {
            let hint = "name their networks: trusted_proxies: {networks: [10.0.0.0/8]}"
            schema.report("\"proxy_protocol\" is asked for, and no proxy is trusted", hint: hint, kind: .meaning, at: found)
        }
        if let found = fields["cors"] { configuration.crossOrigin = crossOrigin(found) }
        if let found = fields["http2"] { configuration.offersHTTP2 = schema.boolean(found) ?? true }
        if !configuration.offersHTTP2, configuration.listeners.contains(where: { !$0.speaksHTTP1 }), let found = fields["http2"] {
            schema.report("without HTTP/2 an address with \"http1: false\" speaks nothing", kind: .meaning, at: found)
        }
        if let found = fields["upstream_http2"] { configuration.upstreamHTTP2 = upstreamHTTP2(found) ?? .offered }
        if let found = fields["workers"] { configuration.workerCount = workers(found) }
        if let found = fields["data"] { configuration.dataDirectory = path(found) }
        if let found = fields["prices"] { configuration.priceFile = path(found) }
        if let found = fields["unpriced"] { configuration.unpriced = unpriced(found) ?? .deny }
        if let found = fields["log"] { configuration.log = log(found) }
        if let found = fields["books"] { configuration.books = books(found) }
        if let found = fields["metrics"] { configuration.metrics = metrics(found) }
        if let found = fields["limits"] { bounds(found, .limits, into: &configuration.bounds) }
        if let found = fields["timeouts"] { bounds(found, .timeouts, into: &configuration.bounds) }
        // What configs name comes before them, wherever the file puts it.
        if let found = fields["trusted_hosts"] { configuration.trustedHosts = trustedHosts(found) }
        let trusted = TrustedHosts(configuration.trustedHosts)
        if let found = fields["providers"] { configuration.providers = providers(found, trusted) }
        let rows = catalogRows(configuration.providers)
        let names = NameTable(rows.map(\.id))
        if let found = fields["virtual_keys"] { configuration.virtualKeys = virtualKeys(found, rows, names, trusted) }
        configNames = fields["configs"].map { schema.entries(of: $0).map(\.name) } ?? []
        configuration.catalog = Catalog(
            providers: rows, virtualKeys: configuration.virtualKeys.map { .init(slug: $0.slug, provider: $0.provider) },
            configNames: configNames, trustedHosts: trusted, breaker: fields["cb_config"].flatMap { breaker($0) })
        if let found = fields["configs"] { configuration.configs = configs(found, configuration.catalog) }
        if let found = fields["default"] { configuration.defaultConfig = configName(found) }
        if let found = fields["keys"] { configuration.keys = keys(found) }
        if let found = fields["policies"] { configuration.policies = policies(found) }
        if let found = fields["alert_webhooks"] { configuration.alertWebhooks = alertWebhooks(found) }
        if let found = fields["exporters"] {
            configuration.exporters = exporters(found)
            if configuration.books.mode == .off {
                schema.report("nothing is recorded that could be exported", hint: "leave out books: {mode: off}", kind: .meaning, at: found)
            }
        }
        return configuration
    }

    // MARK: The server

    private mutating func version(_ field: Field?, in root: Field) {
        guard let field else {
            let message = "\"version\" is missing"
            schema.report(
                Diagnostic(message, hint: "begin with version: 1", at: root.node.position, path: root.path.member("version")))
            return
        }
        guard case .number(let number) = field.node.value, number.integer == ConfigurationSchema.version else {
            schema.report("this is not version 1 of the file", hint: "write version: 1", at: field)
            return
        }
    }

    private mutating func workers(_ field: Field) -> Int? {
        if case .string("auto") = field.node.value { return nil }
        return schema.integer(field, in: 1...256).map { Int($0) }
    }

    /// A path: text that is not empty and that the kernel takes.
    mutating func path(_ field: Field) -> String? {
        guard let text = schema.string(field) else { return nil }
        guard (1...4095).contains(text.utf8.count), !text.utf8.contains(0) else {
            schema.report("\(quoted(field.name)) must be a path", at: field)
            return nil
        }
        return text
    }

    private mutating func log(_ field: Field) -> LogSettings {
        var settings = LogSettings()
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.log) else { return settings }
        if let found = fields["format"], let word = schema.choice(found, of: LogSettings.Format.allCases.map(\.rawValue)) {
            settings.format = LogSettings.Format(rawValue: word) ?? settings.format
        }
        if let found = fields["access"], let text = path(found) {
            switch text {
            case "stderr": settings.access = .standardError
            case "stdout": settings.access = .standardOutput
            case "off": settings.access = .off
            case _ where text.contains("/"): settings.access = .file(text)
            default:
                schema.report(
                    "\"access\" must be stderr, stdout, off or a path, not \(quoted(text))", hint: "a file here is ./\(text)",
                    at: found)
            }
        }
        return settings
    }

    private mutating func breaker(_ field: Field) -> BreakerRule? {
        let (rule, diagnostics) = PolicyCompiler.breaker(field)
        for diagnostic in diagnostics { schema.report(diagnostic) }
        return rule
    }

    // MARK: Bounds

    private mutating func bounds(_ field: Field, _ section: Bound.Section, into bounds: inout Bounds) {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.bounds(section)) else { return }
        for bound in Bound.allCases where bound.section == section {
            guard let found = fields[bound.rawValue], let value = value(of: bound, found) else { continue }
            bounds.set(bound, to: value)
        }
    }

    private mutating func value(of bound: Bound, _ field: Field) -> Int64? { value(of: bound.row, field) }

    /// A number with its row's unit, within its range.
    mutating func value(of row: Bound.Row, _ field: Field) -> Int64? {
        if row.unit == .count { return schema.integer(field, in: row.range) }
        if row.mayBeOff, case .string("off") = field.node.value { return 0 }
        let example = Bound.text(row.fallback, row.unit)
        let units = row.unit == .duration ? Quantity.durationUnits : Quantity.sizeUnits
        let off = row.mayBeOff ? " or off" : ""
        guard case .string(let text) = field.node.value else {
            if case .number = field.node.value {
                schema.report("\(quoted(field.name)) has no unit", hint: "write \(example), for instance\(off)", at: field)
            } else {
                schema.mismatch(field, wanted: "string", article: "a \(row.unit == .duration ? "duration" : "size")")
            }
            return nil
        }
        guard let value = Quantity.parse(text, units) else {
            let names = units.map(\.suffix).joined(separator: ", ")
            schema.report(
                "\(quoted(field.name)) is not a number with a unit (\(names)): \(quoted(text))",
                hint: "write \(example), for instance\(off)", at: field)
            return nil
        }
        guard row.range.contains(value) else {
            let least = Bound.text(row.range.lowerBound, row.unit)
            schema.report(
                "\(quoted(field.name)) must be from \(least) to \(Bound.text(row.range.upperBound, row.unit)), not \(quoted(text))",
                at: field)
            return nil
        }
        return value
    }
}
