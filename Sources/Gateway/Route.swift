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
    var wasUsed = true

    init(program: Program, destinations: [Destination], text: OwnedBytes, isOperatorConfig: Bool) {
        precondition(destinations.count == program.targets.count, "each target has its destination")
        hasAlternatives = program.targets.count > 1 || program.targets.contains { $0.retry.attempts > 0 || $0.hedge != nil || $0.pool.count > 1 }
        self.program = program
        self.destinations = destinations
        self.text = text
        self.isOperatorConfig = isOperatorConfig
    }
}

/// What a request's headers say of where it goes: each part as it was sent, absent parts empty.
struct RoutingHeaders {
    var config = ByteSlice("")
    var provider = ByteSlice("")
    var virtualKey = ByteSlice("")
    var customHost = ByteSlice("")
    var forwardHeaders = ByteSlice("")
    var requestTimeout = ByteSlice("")
    var azure = AzureHeaders()
    /// `@slug` of the body's model.
    var modelKey = ByteSlice("")
    /// The config the gateway key names; −1 for none.
    var keyConfig = -1
    var isKeyed = false
    /// Who asks, where what the headers say is this caller's alone.
    var principal = ByteSlice("")

    var isEmpty: Bool {
        config.isEmpty && provider.isEmpty && virtualKey.isEmpty && customHost.isEmpty && forwardHeaders.isEmpty
            && requestTimeout.isEmpty && modelKey.isEmpty && keyConfig < 0 && !azure.isGiven
    }

    var namesProvider: Bool { !provider.isEmpty || !virtualKey.isEmpty || !modelKey.isEmpty }

    /// One text that two requests share only when they go the same way. Field values hold no NUL.
    func write(to writer: inout ByteWriter) {
        for part in [config, provider, virtualKey, customHost, forwardHeaders, requestTimeout, modelKey, principal] {
            writer.append(part)
            writer.append(0)
        }
        if azure.isGiven { azure.write(to: &writer) }
        writer.append(decimal: keyConfig)
        writer.append(isKeyed ? "k" : "o")
    }
}

/// The routes of one worker under one snapshot, found by what the headers said.
///
/// A text is compiled once. The table compares whole texts, so its hash need not be strong; it is
/// bounded in routes and bytes, and gives up what has not been used since it last had to.
struct RouteTable {
    private var routes: [UInt64: Route] = [:]
    private var textByteCount = 0
    private let hash: ByteHash

    init(seed: UInt64) { hash = ByteHash(seed: seed) }

    func route(for text: ByteSlice) -> Route? {
        guard let route = routes[hash.hash(text)], route.text.slice == text else { return nil }
        route.wasUsed = true
        return route
    }

    mutating func insert(_ route: Route) {
        if routes.count >= GatewayLimits.cachedRoutes || textByteCount + route.text.slice.count > GatewayLimits.cachedRouteTextByteCount {
            sweep()
        }
        // Two texts of one hash take turns.
        if let replaced = routes.updateValue(route, forKey: hash.hash(route.text.slice)) {
            textByteCount -= replaced.text.slice.count
        }
        textByteCount += route.text.slice.count
    }

    private mutating func sweep() {
        let kept = routes.filter(\.value.wasUsed)
        routes = kept.count <= GatewayLimits.cachedRoutes / 2 ? kept : [:]
        textByteCount = routes.values.reduce(0) { $0 + $1.text.slice.count }
        for route in routes.values { route.wasUsed = false }
    }
}
