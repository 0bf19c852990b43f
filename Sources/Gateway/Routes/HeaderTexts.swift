import Bytes
import Guardrails
import Policy

/// What of a request's headers has to be compiled: its config, and the guardrails it asks for beside that.
struct HeaderTexts: Sendable {
    /// JSON; empty where the request has none, or a name.
    let config: [UInt8]
    let inputGuardrails: [UInt8]
    let outputGuardrails: [UInt8]

    init(_ headers: RoutingHeaders) {
        let config = headers.config.trimmed
        self.config = !config.isEmpty && config[0] == UInt8(ascii: "{") ? [UInt8](config) : []
        inputGuardrails = [UInt8](headers.inputGuardrails.trimmed)
        outputGuardrails = [UInt8](headers.outputGuardrails.trimmed)
    }

    /// What they come to. Programs hold indexes into `catalog`.
    func compiled(_ catalog: Catalog, namesProvider: Bool) throws(ConfigRefusal) -> CompiledHeaders {
        var compiled = CompiledHeaders()
        if !config.isEmpty {
            compiled.program = try config.withByteSlice { (text) throws(ConfigRefusal) in
                try PolicyCompiler.compile(header: text, catalog: catalog, requestNamesProvider: namesProvider)
            }
        }
        compiled.inputHooks = try HeaderTexts.hooks(inputGuardrails, "x-portkey-default-input-guardrails", .input)
        compiled.outputHooks = try HeaderTexts.hooks(outputGuardrails, "x-portkey-default-output-guardrails", .output)
        return compiled
    }

    private static func hooks(_ text: [UInt8], _ name: StaticString, _ side: HookSide) throws(ConfigRefusal) -> [Hook] {
        guard !text.isEmpty else { return [] }
        return try text.withByteSlice { (text) throws(ConfigRefusal) in try PolicyCompiler.hooks(header: text, named: name, side) }
    }

    /// Whether compiling may hold a worker up: what is long, patterns, and checks, which have patterns in them.
    static func areCostly(_ headers: RoutingHeaders) -> Bool {
        if !headers.inputGuardrails.isEmpty || !headers.outputGuardrails.isEmpty { return true }
        let config = headers.config
        if config.count > GatewayLimits.quickConfigByteCount { return true }
        // However it is spelled: an escape in a name is rare enough to be looked at elsewhere.
        for word in ["$regex", "\\u", "uardrails", "equest_hooks", "equestHooks"] as [StaticString] where config.firstRange(of: ByteSlice(word)) != nil {
            return true
        }
        return false
    }
}

/// The texts of a request's headers, compiled.
struct CompiledHeaders: Sendable {
    /// Nil where the request holds no config.
    var program: Program?
    /// Added to those of each target.
    var inputHooks: [Hook] = []
    var outputHooks: [Hook] = []
}
