import Configuration
import Exporters

/// Checked declarations → what exports by them.
enum ExporterBuilder {
    static func exporters(_ secrets: ResolvedSecrets) -> [Exporter] { secrets.exporters.map { exporter($0) } }

    private static func exporter(_ resolved: ResolvedExporter) -> Exporter {
        let declared = resolved.declaration
        var terms = Exporter.Terms()
        terms.batchCount = declared.batch
        terms.everyNanoseconds = declared.everyNanoseconds
        terms.timeoutNanoseconds = declared.timeoutNanoseconds
        terms.workspaces = Set(declared.workspaces)
        terms.startsAtOldest = declared.startsAtOldest
        terms.includesReported = declared.includesReported
        return Exporter(name: declared.name, kind(declared, resolved.destination), terms)
    }

    private static func kind(_ declared: ExporterDeclaration, _ resolved: ResolvedWebhook?) -> Exporter.Kind {
        guard let resolved else {
            let file = RotatedFile(
                path: declared.path, mostBytes: declared.rotateSize, periodNanoseconds: declared.rotateEveryNanoseconds, kept: declared.keepFiles)
            return .lines(file)
        }
        let destination = HTTPDestination(
            host: resolved.host, url: resolved.url, secret: resolved.secret,
            fields: resolved.headers.map { HTTPDestination.Field(name: $0.name, value: $0.value) }, caFile: resolved.caFile,
            isPacked: declared.isPacked)
        guard declared.kind == .otlp else { return .messages(destination) }
        let own = [(name: "service.name", value: "sluice"), (name: "service.version", value: Version.number)]
        return .spans(destination, resource: own + declared.resource)
    }
}
