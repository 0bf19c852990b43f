import Configuration
import Foundation
import Gateway
import Policy
import Reactor

/// What `serve` starts: from a file, or the embedded default.
struct ServePlan {
    var parts: Snapshot.Parts
    var listen: [ListenAddress]
    var workers: Int?
    var log: LogSettings
    var mock: EmbeddedMock?
    /// The file's configuration as it was at the start.
    var configuration: ServerConfiguration?

    init(file: ConfigurationFile, overriding addresses: [ListenAddress]) throws {
        let configuration = try file.read()
        let secrets = try file.resolve(configuration)
        parts = try SnapshotBuilder(configuration, secrets).parts()
        parts.clouds = try CloudEnvironment.read()
        listen = addresses.isEmpty ? configuration.listen : addresses
        parts.isLoopbackOnly = listen.allSatisfy(\.isLoopback)
        workers = configuration.workerCount
        log = configuration.log
        self.configuration = configuration
    }

    /// A mock provider, and the big two where their keys are in the environment.
    init(embedded addresses: [ListenAddress]) throws {
        let configuration = ConfigurationReader.standard(builtIn: SnapshotBuilder.builtInProviders())
        parts = try SnapshotBuilder(configuration, configuration.resolveSecrets { _ in nil }.secrets).parts()
        listen = addresses.isEmpty ? [.standard] : addresses
        parts.isLoopbackOnly = listen.allSatisfy(\.isLoopback)
        parts.clouds = try CloudEnvironment.read()
        log = configuration.log
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

    private static func environment(_ name: String) -> [UInt8]? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }

    /// What a new user wants to know first.
    func greeting(_ addresses: [SocketAddress]) -> [String] {
        var lines = addresses.map { "sluice: listening on \($0)" }
        if mock != nil, let first = addresses.first(where: { !$0.isLocal }) {
            let ready = parts.upstreams.filter { $0.credential != nil }.map(\.id)
            lines.append("sluice: no configuration given: provider \"mock\" answers" + (ready.isEmpty ? "" : "; \(ready.joined(separator: " and ")) ready with the key in the environment"))
            lines.append("sluice: try  curl -N http://\(first)/v1/chat/completions -H 'content-type: application/json' -d '{\"model\":\"mock\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}'")
        }
        return lines
    }
}
