import ArgumentParser
import Configuration
import Exporters
import Foundation
import Gateway
import JSON
import Ledger
import Office
import Policy
import Reactor

/// What `serve` starts: from a file, or the embedded default.
struct ServePlan {
    var parts: Snapshot.Parts
    /// The file's keys, which are in the parts already.
    private var keys: [KeyTable.Declaration]
    var declared: DeclaredParts { DeclaredParts(parts, keys: keys) }
    var listeners: [ListenerDeclaration]
    var workers: Int?
    var log: LogSettings
    var mock: EmbeddedMock?
    /// Where records are sent.
    var exporters: [Exporter] = []
    /// The file's configuration as it was at the start.
    var configuration: ServerConfiguration?

    /// - Parameter state: the directory for state, in place of the file's.
    init(file: ConfigurationFile, overriding arguments: ListenArguments, state: String? = nil) throws {
        let configuration = try file.read()
        let secrets = try file.resolve(configuration)
        let declared = try SnapshotBuilder(configuration, secrets, dataDirectory: state).declared()
        (parts, keys) = (declared.parts, declared.keys)
        parts.clouds = try CloudEnvironment.read()
        listeners = arguments.listeners(or: configuration.listeners)
        workers = configuration.workerCount
        log = configuration.log
        exporters = ExporterBuilder.exporters(secrets)
        self.configuration = configuration
        try listen(file.path)
    }

    /// A mock provider, and the big two where their keys are in the environment.
    init(embedded arguments: ListenArguments) throws {
        let configuration = ConfigurationReader.standard(builtIn: SnapshotBuilder.builtInProviders())
        let declared = try SnapshotBuilder(configuration, configuration.resolveSecrets { _ in nil }.secrets).declared()
        (parts, keys) = (declared.parts, declared.keys)
        listeners = arguments.listeners(or: configuration.listeners)
        parts.clouds = try CloudEnvironment.read()
        log = configuration.log
        try listen(nil)
        let mock = try EmbeddedMock()
        self.mock = mock
        for index in parts.upstreams.indices {
            switch parts.upstreams[index].id {
            case "mock":
                parts.upstreams[index].host = "127.0.0.1"
                parts.upstreams[index].port = mock.port
                parts.upstreams[index].isTrusted = true
                parts.upstreams[index].defaultModel = Array("\"mock\"".utf8)
                parts.configs = [Program.single(provider: index, credential: .none)]
                parts.defaultConfig = 0
            case "openai": parts.upstreams[index].credential = ServePlan.environment("OPENAI_API_KEY")
            case "anthropic": parts.upstreams[index].credential = ServePlan.environment("ANTHROPIC_API_KEY")
            default: break
            }
        }
    }

    /// Reads what the listeners show, or tells what is wrong with it and exits.
    private mutating func listen(_ path: String?) throws {
        parts.isLoopbackOnly = listeners.allSatisfy(\.address.isLoopback)
        let setup = ListenerContexts(listeners, offersHTTP2: configuration?.offersHTTP2 ?? true, replacesGood: false)
        for diagnostic in setup.diagnostics { standardError(diagnostic.told(path: path)) }
        if setup.diagnostics.hasErrors { throw ExitCode(1) }
        parts.listeners = setup.traits
    }

    private static func environment(_ name: String) -> [UInt8]? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }

    /// What a new user wants to know first.
    func greeting(_ addresses: [SocketAddress]) -> [String] {
        var lines = zip(addresses, listeners).map { "sluice: listening on \($0)\($1.tls == nil ? "" : " (TLS)")" }
        if mock != nil, let first = addresses.first(where: { !$0.isLocal }) {
            let ready = parts.upstreams.filter { $0.credential != nil }.map(\.id)
            lines.append("sluice: no configuration given: provider \"mock\" answers" + (ready.isEmpty ? "" : "; \(ready.joined(separator: " and ")) ready with the key in the environment"))
            let start = listeners.first?.tls == nil ? "curl -N http" : "curl -Nk https"
            lines.append("sluice: try  \(start)://\(first)/v1/chat/completions -H 'content-type: application/json' -d '{\"model\":\"mock\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}'")
        }
        return lines
    }
}
