import Books
import Bytes
import Policy
import Providers

/// A program ready for requests on one worker: its targets with their pools and written-out fields.
final class Route {
    let program: Program
    let destinations: [Destination]
    /// What the headers said that led here, for the table that caches it.
    let text: OwnedBytes
    /// Whether the operator wrote the config: then its credentials are the operator's.
    let isOperatorConfig: Bool
    let hasAlternatives: Bool
    /// Whether a model's name says how a request to some target is said.
    let readsModels: Bool
    /// Whether some target keeps its files in buckets, so that requests about files and batches are said anew.
    let keepsFilesElsewhere: Bool
    /// What the cache tells it from others by.
    let identity: OwnedBytes
    /// Whether checks are made of some target's requests or answers.
    let isGuarded: Bool
    /// Whether some target goes by a virtual key that is for some models alone, or cannot be used now.
    let isRestricted: Bool
    /// The name of its config, where it has one.
    let configName: OwnedBytes?
    /// Of a config of the store, the number of its text; else 0.
    let configVersion: Int64
    /// Of one of the file, what tells its text from others.
    let configDigest: OwnedBytes?

    /// How its config chooses.
    let mode: RecordedMode

    /// A config that has a name.
    struct NamedConfig {
        let name: String
        var version: Int64 = 0
        var digest = ""
    }

    init(
        program: Program, destinations: [Destination], text: OwnedBytes, isOperatorConfig: Bool, identity: [UInt8] = [],
        config: NamedConfig? = nil
    ) {
        precondition(destinations.count == program.targets.count, "each target has its destination")
        hasAlternatives = program.targets.count > 1 || program.targets.contains { $0.retry.attempts > 0 || $0.hedge != nil }
            || destinations.contains { $0.keys.count > 1 }
        readsModels = destinations.contains { $0.vertex != nil }
        keepsFilesElsewhere = destinations.contains { $0.batches != nil }
        isRestricted = destinations.contains { $0.keys.contains { !$0.models.isEmpty || $0.refusal != nil } }
        isGuarded = destinations.contains { $0.isGuarded }
        self.identity = identity.withByteSlice { OwnedBytes($0) }
        self.program = program
        mode = RecordedMode(program.mode)
        configName = config.map { config in Array(config.name.utf8).withByteSlice { OwnedBytes($0) } }
        configVersion = config?.version ?? 0
        configDigest = config.flatMap { config in config.digest.isEmpty ? nil : Array(config.digest.utf8).withByteSlice { OwnedBytes($0) } }
        self.destinations = destinations
        self.text = text
        self.isOperatorConfig = isOperatorConfig
    }

    /// Whether some target is sent the client's field `name` because its config, or the request, says so.
    func forwards(_ name: ByteSlice) -> Bool { destinations.contains { $0.isNamed(name) } }
}

/// What a request's headers say of where it goes: each part as it was sent, absent parts empty.
struct RoutingHeaders {
    var config = ByteSlice("")
    var provider = ByteSlice("")
    var virtualKey = ByteSlice("")
    var customHost = ByteSlice("")
    var forwardHeaders = ByteSlice("")
    var requestTimeout = ByteSlice("")
    var inputGuardrails = ByteSlice("")
    var outputGuardrails = ByteSlice("")
    var azure = AzureHeaders()
    var vertex = VertexHeaders()
    var amazon = AmazonHeaders()
    /// `@slug` of the body's model.
    var modelKey = ByteSlice("")
    /// The config the gateway key names; −1 for none.
    var keyConfig = -1
    var isKeyed = false
    /// Who asks, where what the headers say is this caller's alone.
    var principal = ByteSlice("")
    /// Where the caller is at home; negative for everywhere.
    var workspace: Int32 = -1

    /// Changes nothing, as `write`; mutating, so that of five hundred bytes what is read is read where it is.
    var isEmpty: Bool {
        mutating get {
            config.isEmpty && provider.isEmpty && virtualKey.isEmpty && customHost.isEmpty && forwardHeaders.isEmpty
                && requestTimeout.isEmpty && inputGuardrails.isEmpty && outputGuardrails.isEmpty && modelKey.isEmpty && keyConfig < 0
                && !azure.isGiven && !vertex.isGiven && !amazon.isGiven
        }
    }

    var namesProvider: Bool { !provider.isEmpty || !virtualKey.isEmpty || !modelKey.isEmpty }

    /// One text that two requests share only when they go the same way. Field values hold no NUL.
    mutating func write(to writer: inout ByteWriter) {
        for part in [config, provider, virtualKey, customHost, forwardHeaders, requestTimeout, modelKey, principal] {
            writer.append(part)
            writer.append(0)
        }
        if !inputGuardrails.isEmpty || !outputGuardrails.isEmpty {
            for part in [inputGuardrails, outputGuardrails] {
                writer.append(part)
                writer.append(0)
            }
        }
        if azure.isGiven { azure.write(to: &writer) }
        writer.append(azure.isGiven ? "z" : "-")
        if vertex.isGiven { vertex.write(to: &writer) }
        writer.append(vertex.isGiven ? "v" : "-")
        if amazon.isGiven { amazon.write(to: &writer) }
        writer.append(amazon.isGiven ? "a" : "-")
        if workspace >= 0 {
            writer.append("w")
            writer.append(decimal: Int(workspace))
        }
        writer.append(decimal: keyConfig)
        writer.append(isKeyed ? "k" : "o")
    }
}

/// The routes of one worker under one snapshot, found by what the headers said: a text is compiled once.
typealias RouteTable = TextCache<Route>

extension RouteTable {
    init(seed: UInt64) {
        self.init(seed: seed, capacity: GatewayLimits.cachedRoutes, textByteCount: GatewayLimits.cachedRouteTextByteCount)
    }
}
