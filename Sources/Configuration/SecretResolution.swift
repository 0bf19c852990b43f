public import Bytes
import Glibc
public import JSON

/// The secrets of a configuration, looked up.
public struct ResolvedSecrets: Sendable {
    /// In the order of `ServerConfiguration.virtualKeys`; nil where none is declared.
    public internal(set) var virtualKeys: [SecretBytes?] = []
    /// In the order of `ServerConfiguration.providers`; nil where none is declared.
    public internal(set) var providers: [SecretBytes?] = []
    /// In the order of `ServerConfiguration.alertWebhooks`; without those of which one is not found.
    public internal(set) var alertWebhooks: [ResolvedWebhook] = []
    /// In the order of `ServerConfiguration.exporters`; without those of which a secret is not found.
    public internal(set) var exporters: [ResolvedExporter] = []
}

/// A webhook, its secrets looked up.
public struct ResolvedWebhook: Sendable {
    public let name: String
    public let url: SecretBytes
    /// Its host, and its port where it is not the scheme's own: what messages may show of it.
    public let host: String
    public let secret: SecretBytes?
    public let headers: [(name: String, value: SecretBytes)]
    public let caFile: String?

    init?(_ declaration: WebhookDeclaration, _ resolve: (Secret) -> SecretBytes?) {
        let url = resolve(declaration.url)
        let secret = declaration.secret.map { resolve($0) }
        let headers = declaration.headers.map { ($0.name, resolve($0.value)) }
        guard let url, secret.map({ $0 != nil }) ?? true else { return nil }
        name = declaration.name
        self.url = url
        host = url.withBytes { WebhookURL.host(of: $0) }
        self.secret = secret ?? nil
        self.headers = headers.compactMap { name, value in value.map { (name, $0) } }
        caFile = declaration.caFile
        guard self.headers.count == headers.count else { return nil }
    }
}

/// An exporter, its secrets looked up.
public struct ResolvedExporter: Sendable {
    public let declaration: ExporterDeclaration
    /// Where it posts to; nil where it writes a file.
    public let destination: ResolvedWebhook?

    init?(_ declaration: ExporterDeclaration, _ resolve: (Secret) -> SecretBytes?) {
        self.declaration = declaration
        destination = declaration.destination.flatMap { ResolvedWebhook($0, resolve) }
        guard declaration.destination == nil || destination != nil else { return nil }
    }
}

extension ServerConfiguration {
    /// Looks up every `env:` and `file:`; apart from reading the file, so that it can be checked anywhere.
    ///
    /// - Parameter environment: the value of a variable; nil for one that is not set.
    public func resolveSecrets(environment: (String) -> String?) -> (secrets: ResolvedSecrets, diagnostics: [Diagnostic]) {
        var secrets = ResolvedSecrets()
        var diagnostics: [Diagnostic] = []
        secrets.virtualKeys = virtualKeys.map { $0.apiKey?.resolve(environment, &diagnostics) }
        secrets.providers = providers.map { $0.apiKey?.resolve(environment, &diagnostics) }
        secrets.alertWebhooks = alertWebhooks.compactMap { webhook in ResolvedWebhook(webhook) { $0.resolve(environment, &diagnostics) } }
        secrets.exporters = exporters.compactMap { exporter in ResolvedExporter(exporter) { $0.resolve(environment, &diagnostics) } }
        return (secrets, diagnostics)
    }
}

extension Secret {
    fileprivate func resolve(_ environment: (String) -> String?, _ diagnostics: inout [Diagnostic]) -> SecretBytes? {
        switch source {
        case .literal(let bytes): return bytes
        case .environment(let name):
            guard let value = environment(name) else {
                report("variable \(name) is not set", hint: "export it before starting", &diagnostics)
                return nil
            }
            return checked(Array(value.utf8), "variable \(name)", &diagnostics)
        case .file(let path):
            guard let bytes = read(path, &diagnostics) else { return nil }
            return checked(bytes, path, &diagnostics)
        }
    }

    private func checked(_ bytes: [UInt8], _ name: String, _ diagnostics: inout [Diagnostic]) -> SecretBytes? {
        bytes.withByteSlice { bytes in
            guard let fault = form.fault(of: bytes) else { return SecretBytes(bytes) }
            report("\(name) \(fault)", hint: nil, &diagnostics)
            return nil
        }
    }

    /// A secret file's bytes without the line break at their end.
    private func read(_ path: String, _ diagnostics: inout [Diagnostic]) -> [UInt8]? {
        // Nonblocking, or a FIFO in its place would hold the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            report("\(path) cannot be read: \(String(cString: strerror(errno)))", hint: nil, &diagnostics)
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            report("\(path) is not a file", hint: nil, &diagnostics)
            return nil
        }
        guard status.st_mode & 0o022 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            report("\(path) can be written by others (mode \(mode))", hint: "chmod 600 \(path)", &diagnostics)
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: ConfigurationLimits.accountByteCount + 2)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else {
            report("\(path) cannot be read: \(String(cString: strerror(errno)))", hint: nil, &diagnostics)
            return nil
        }
        bytes.removeLast(bytes.count - count)
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        return bytes
    }

    private func report(_ message: String, hint: String?, _ diagnostics: inout [Diagnostic]) {
        diagnostics.append(Diagnostic(message, hint: hint, kind: .meaning, at: field.position, path: field.path))
    }
}
