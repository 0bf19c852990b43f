import Bytes
import Guardrails
import Health
import JSON
import Ledger
import Policy
import Providers
import TLS
import Tokens

/// Headers → program → route. Off the hot path: a worker runs it once for each distinct text.
struct RouteBuilder {
    let worker: Worker
    let snapshot: Snapshot

    init(_ worker: Worker) {
        self.worker = worker
        snapshot = worker.snapshot
    }

    /// The route of `headers`, compiled; `text` is what the table will find it by.
    ///
    /// - Parameter elsewhere: what the headers came to, where another thread has compiled them.
    func build(_ headers: RoutingHeaders, text: ByteSlice, _ elsewhere: Result<CompiledHeaders, ConfigRefusal>?) throws(Rejection) -> Route {
        let compiled = try compiled(headers, elsewhere)
        let (program, isOperatorConfig) = try program(headers, compiled)
        let named = program.needsRequestProvider ? try provider(headers) : Named()
        var destinations: [Destination] = []
        for target in program.targets {
            do throws(Rejection) {
                destinations.append(try destination(target, program, headers, compiled, named, text, isOperatorConfig: isOperatorConfig))
            } catch {
                // What a virtual key out of use lacks is not the caller's to put right.
                throw unusable(target, program, named) ?? error
            }
        }
        let identity = worker.sharedCache?.seed.digest(destinations.map(\.identity)) ?? []
        return Route(
            program: program, destinations: destinations, text: OwnedBytes(text), isOperatorConfig: isOperatorConfig, identity: identity,
            config: compiled.program == nil ? configName(headers) : nil)
    }

    // MARK: The program

    private func compiled(
        _ headers: RoutingHeaders, _ elsewhere: Result<CompiledHeaders, ConfigRefusal>?
    ) throws(Rejection) -> CompiledHeaders {
        do throws(ConfigRefusal) {
            if let elsewhere { return try elsewhere.get() }
            return try HeaderTexts(headers).compiled(headers.isKeyed ? snapshot.catalog : snapshot.openCatalog, namesProvider: headers.namesProvider)
        } catch {
            throw rejection(error)
        }
    }

    private func program(_ headers: RoutingHeaders, _ compiled: CompiledHeaders) throws(Rejection) -> (Program, isOperatorConfig: Bool) {
        if let program = compiled.program { return (program, false) }
        if !headers.config.isEmpty { return try program(named: headers.config.trimmed, headers) }
        if headers.keyConfig >= 0 { return (try config(headers.keyConfig), true) }
        if headers.namesProvider { return (try named(headers), false) }
        guard let index = snapshot.defaultConfig else { throw Rejection(.missingProvider) }
        return (try config(index), true)
    }

    /// What the config that is used is called, and what tells its text from others of that name; nil for one without a name.
    private func configName(_ headers: RoutingHeaders) -> Route.NamedConfig? {
        let names = snapshot.catalog.configNames
        let own = headers.keyConfig >= 0 ? headers.keyConfig : headers.namesProvider ? nil : snapshot.defaultConfig
        guard let index = headers.config.isEmpty ? own : names.index(of: headers.config.trimmed) else { return nil }
        guard index < names.names.count, !names.names[index].isEmpty else { return nil }
        var config = Route.NamedConfig(name: names.names[index])
        config.version = snapshot.storedConfigs[index]?.version ?? 0
        if index < snapshot.configDigests.count { config.digest = snapshot.configDigests[index] }
        return config
    }

    /// A config that is no JSON object: the name of a declared one, or a fault.
    private func program(named name: ByteSlice, _ headers: RoutingHeaders) throws(Rejection) -> (Program, isOperatorConfig: Bool) {
        if !name.isEmpty, let index = snapshot.catalog.configNames.index(of: name), mayName(index, headers) { return (try config(index), true) }
        do throws(ConfigRefusal) {
            return (try PolicyCompiler.compile(header: name, catalog: snapshot.openCatalog, requestNamesProvider: headers.namesProvider), false)
        } catch {
            // A bare word was meant as a name.
            guard case .notJSON = error, !name.isEmpty, name.count <= PolicyLimits.nameByteCount else { throw rejection(error) }
            throw Rejection(.unknownConfig, "no config named \"\(String(name))\" is declared", parameter: "x-portkey-config")
        }
    }

    private func rejection(_ refusal: ConfigRefusal) -> Rejection {
        switch refusal {
        case .notJSON: return Rejection(.invalidConfigJSON)
        case .noProvider: return Rejection(.configWithoutProvider)
        case .oldVersion, .invalid: return Rejection(.invalidConfig, refusal.message, refusal)
        case .invalidGuardrails(let header, _): return Rejection(.invalidConfig, refusal.message, refusal, parameter: header.description)
        }
    }

    /// A request without a config: one target, which its headers or its model name.
    private func named(_ headers: RoutingHeaders) throws(Rejection) -> Program {
        let provider = try provider(headers)
        if let key = provider.virtualKey { return .single(provider: provider.upstream, credential: .virtualKey(key), breaker: snapshot.catalog.breaker) }
        let needsCredential = provider.upstream.map { snapshot.upstreams[$0].auth != .none } ?? true
        return .single(provider: provider.upstream, credential: needsCredential ? .caller : .none, breaker: snapshot.catalog.breaker)
    }

    // MARK: The provider that headers or model name

    struct Named {
        var upstream: Int?
        var virtualKey: Int?
    }

    private func provider(_ headers: RoutingHeaders) throws(Rejection) -> Named {
        var slug = headers.virtualKey.trimmed
        let provider = headers.provider.trimmed
        if let named = VirtualKeyName(provider: provider) { slug = named.slug }
        if slug.isEmpty, provider.isEmpty, !headers.modelKey.isEmpty { slug = headers.modelKey }
        if !slug.isEmpty {
            guard headers.isKeyed else {
                throw Rejection(.missingCredential, "virtual keys need a gateway key: send it as x-portkey-api-key")
            }
            guard let key = snapshot.catalog.virtualKeyNames.index(of: slug) else { throw unknownVirtualKey(String(slug)) }
            try checkName(of: key, headers)
            return Named(upstream: snapshot.virtualKeys[key].upstream, virtualKey: key)
        }
        guard !provider.isEmpty else { return Named() }
        guard let index = snapshot.catalog.providerNames.index(of: provider) else {
            throw Rejection(.invalidProvider, "Invalid provider passed", parameter: "x-portkey-provider")
        }
        return Named(upstream: index)
    }

    // MARK: A target

    private typealias FoundCredential = (
        label: String, secret: [UInt8]?, source: CredentialSource, weight: Double, account: ServiceAccount?, holder: VirtualKeyHolder?
    )

    private func destination(
        _ target: Target, _ program: Program, _ headers: RoutingHeaders, _ compiled: CompiledHeaders, _ named: Named, _ text: ByteSlice,
        isOperatorConfig: Bool
    ) throws(Rejection) -> Destination {
        guard let index = target.provider >= 0 ? Int(target.provider) : named.upstream else { throw Rejection(.configWithoutProvider) }
        var upstream = snapshot.upstreams[index]
        if case .unsupported(let reason) = upstream.row.standing { throw Rejection(.unsupportedProvider, "\(upstream.id): \(reason)") }
        let settings = try settings(of: target, program, headers, named)
        let azure = upstream.row.paths == .azure ? try azure(target, program, headers, upstream, settings) : nil
        let amazon = upstream.row.dialect == .bedrock ? try amazon(target, program, headers, settings) : nil
        let hasOwnHost = !upstream.host.isEmpty
        if let amazon, upstream.host.isEmpty, let host = BedrockPath.host(ofRegion: amazon.region) { upstream.host = host }
        if let azure, upstream.host.isEmpty, !azure.resource.isEmpty { upstream.host = AzurePath.host(ofResource: azure.resource) }
        var vertex = upstream.row.paths == .vertex ? try vertex(target, program, headers, settings, isOperatorConfig: isOperatorConfig) : nil
        if let vertex, upstream.host.isEmpty { upstream.host = VertexPath.host(ofRegion: vertex.region) }
        let host = try host(of: target, program, headers, named)
        // Where a request names its host, nothing of the operator's goes there.
        let isRequestHost = host.map { !$0.isOperators && (!isOperatorConfig || !headers.customHost.isEmpty) } ?? false
        var credentials: [FoundCredential] = []
        for (label, credential, weight, own) in self.credentials(of: target, program, named) {
            var (secret, source) = try self.credential(
                credential, target, program, named, upstream, isOperatorConfig: isOperatorConfig, isRequestHost: isRequestHost)
            if let own { secret = own }
            if let azure {
                try keepAtHome(azure, target, headers, &secret, &source, isOperatorConfig: isOperatorConfig)
                if let own = azure.secret, virtualKey(credential, target, named) == nil { (secret, source) = (own, .written) }
            }
            var account: ServiceAccount?
            guard vertex != nil || secret?.first != UInt8(ascii: "{") else {
                // Sent as a key it would be given away.
                throw Rejection(.invalidConfig, "\(upstream.id): a service account is no credential for it", parameter: "vertex_service_account_json")
            }
            if var place = vertex {
                if let own = place.account, virtualKey(credential, target, named) == nil { (secret, source) = (own, .written) }
                account = try self.account(in: &secret, &source, label, &place, upstream)
                vertex = place
            }
            if let amazon {
                let isVirtualKey = virtualKey(credential, target, named) != nil
                try chooseSecret(amazon, target, headers, isVirtualKey: isVirtualKey, isOperatorConfig: isOperatorConfig, &secret, &source)
            }
            let holder = virtualKey(credential, target, named).map { VirtualKeyHolder(snapshot.virtualKeys[$0], caller: headers.workspace) }
            credentials.append((label, secret, source, weight, account, holder))
        }
        if let vertex, vertex.isProjectCallers, credentials.contains(where: { $0.source == .operators && $0.account == nil }) { throw ownProjectOnly }
        if let vertex, vertex.project.isEmpty {
            throw Rejection(.invalidHeader, "Vertex AI needs a project: send x-portkey-vertex-project-id or set vertex_project_id", parameter: "vertex_project_id")
        }
        if let azure, azure.usesToken { upstream.auth = .bearer }
        guard host != nil || !upstream.host.isEmpty else {
            throw Rejection(
                .invalidCustomHost,
                azure == nil
                    ? "\(upstream.id) has no address of its own: send x-portkey-custom-host or set custom_host"
                    : "\(upstream.id) needs the name of a resource: send x-portkey-azure-resource-name or set resource_name",
                parameter: azure == nil ? "x-portkey-custom-host" : "resource_name")
        }
        var origin = host?.origin ?? Origin(
            isTLS: upstream.isTLS, host: upstream.host, port: upstream.port, caFile: upstream.caFile,
            mayBePrivate: upstream.isTrusted, mayBeLoopback: upstream.isTrusted)
        origin.wire = upstream.wire(isTLS: origin.isTLS, snapshot.limits)
        let milliseconds = try requestTimeout(headers) ?? (target.requestTimeoutMilliseconds > 0 ? UInt64(target.requestTimeoutMilliseconds) : nil)
        var names = try forwardedNames(headers)
        if names.isEmpty { names = program.headerNames(target.forwardHeaders).map { [UInt8](program.bytes($0)) } }
        let place = HealthPlace(target: target, program: program, origin: origin, text: text, isOperators: isOperatorConfig && headers.requestTimeout.isEmpty)
        var batches: BatchPlace?
        if let amazon {
            let path = host.map { [UInt8]($0.path.slice) } ?? upstream.basePath ?? []
            let own = host != nil || hasOwnHost ? BatchPlace.Site(origin, base: path.last == UInt8(ascii: "/") ? Array(path.dropLast()) : path) : nil
            batches = try self.batches(amazon, target, program, headers, at: own, isOperatorConfig: isOperatorConfig)
        } else if vertex != nil {
            batches = try self.batches(target, program, headers, at: BatchPlace.Site(origin), isOperatorConfig: isOperatorConfig)
        }
        var keys: [DestinationKey] = []
        for (label, secret, source, weight, account, holder) in credentials {
            var tokenSource = account.map { TokenSource($0, endpoint: snapshot.clouds.googleTokenEndpoint) }
            if let azure { tokenSource = try self.tokenSource(azure, secret, upstream) }
            if let amazon { tokenSource = amazon.tokenSource(secret, endpoint: snapshot.clouds.amazonTokenService) }
            keys.append(
                try DestinationKey(
                    secret, source, tokenSource: tokenSource, signer: amazon?.signer(secret, origin),
                    storageSigner: batches.flatMap { amazon?.signer(secret, $0.storage.origin, for: "s3") },
                    jobSigner: batches.flatMap { amazon?.signer(secret, $0.jobs.origin) }, weight: weight, label: label,
                    health: health(place, upstream, secret, label), holder: holder, upstream))
        }
        let budgetKey = healthKey(place, upstream, nil)
        var parts = Destination.Parts(
            upstream: upstream, pool: try worker.pool(for: origin),
            headNanoseconds: milliseconds.map { $0 * 1_000_000 } ?? worker.limits.firstByteNanoseconds, hasOwnHeadLimit: milliseconds != nil,
            timeouts: target.timeouts, gapNanoseconds: worker.limits.gapNanoseconds,
            keys: keys, breaker: target.breaker, retryBudget: worker.health.budget(for: budgetKey, .retries, now: worker.now.nanoseconds),
            hedgeBudget: worker.health.budget(for: budgetKey, .hedges, now: worker.now.nanoseconds),
            anthropicVersion: program.bytes(target.options.anthropicVersion),
            customPath: host?.path.slice, isRequestHost: isRequestHost, options: options(target, program, settings),
            forwardedNames: names, overrides: target.overrides, overriddenModel: overriddenModel(target, program),
            overriddenStream: overriddenStream(target, program),
            path: program.bytes(target.path), azure: azure, vertex: vertex, batches: batches, completesInTheMiddle: target.options.completesInTheMiddle,
            inputHooks: joined(program.inputHooks(of: target), compiled.inputHooks),
            outputHooks: joined(program.outputHooks(of: target), compiled.outputHooks))
        parts.identity = identity(of: target, program, parts, credentials.map { ($0.secret, $0.account?.email) }, headers, settings, text)
        return try Destination(parts)
    }

    /// The target's own hooks, and those the request asks for.
    private func joined(_ own: HookSet?, _ asked: [Hook]) -> HookSet? { asked.isEmpty ? own : HookSet((own?.hooks ?? []) + asked) }

    // MARK: Health

    /// What tells one target's health from another's, but for the credential.
    private struct HealthPlace {
        let target: Target
        let program: Program
        let origin: Origin
        /// What the headers said.
        let text: ByteSlice
        /// Whether nothing of how it is used is the caller's choice.
        let isOperators: Bool
    }

    private func health(
        _ place: HealthPlace, _ upstream: Upstream, _ secret: [UInt8]?, _ label: String
    ) -> TargetHealth {
        let model = model(place)
        let description = "\(upstream.id) \(place.origin.host):\(place.origin.port)" + (model.isEmpty ? "" : " \(model)") + (label.isEmpty ? "" : " [\(label)]")
        return worker.health.health(for: healthKey(place, upstream, secret), description: description, now: worker.now.nanoseconds)
    }

    /// Whatever callers decide of how a target is used (a breaker's bounds, a time-out) is theirs alone: what came of it is kept apart
    /// by all that their headers say, the holder of the key with it.
    private func healthKey(_ place: HealthPlace, _ upstream: Upstream, _ secret: [UInt8]?) -> HealthKey {
        var text: [UInt8] = []
        func append(_ part: some Collection<UInt8>) {
            text += Array("\(part.count):".utf8)
            text += part
        }
        append(place.isOperators ? [] : [UInt8](place.text))
        append("\(upstream.id) \(place.origin.isTLS) \(place.origin.host):\(place.origin.port)".utf8)
        append(secret ?? [])
        append(model(place).utf8)
        let half = text.withByteSlice { KeyDigest(of: $0).firstHalf }
        return HealthKey(half.0, half.1)
    }

    /// The model the target's config sets.
    private func model(_ place: HealthPlace) -> String {
        for override in place.program.overrides(place.target.overrides) where place.program.bytes(override.name) == "model" {
            let value = place.program.bytes(override.value)
            return String(String(value.prefix(min(value.count, GatewayLimits.describedModelByteCount))).filter { $0 != "\"" })
        }
        return ""
    }

    // MARK: Credentials

    /// The target's credentials with their labels and weights; more than one where it, or a virtual key of it, has a pool. Those of such a
    /// virtual key come with what they are.
    func credentials(of target: Target, _ program: Program, _ named: Named) -> [(String, TargetCredential, Double, [UInt8]?)] {
        guard target.pool.count > 0 else { return shares(label(target.credential, target, named, 0), target.credential, 1, target, named) }
        return program.pool[target.pool.rows].enumerated().flatMap { shares(label($1.credential, target, named, $0), $1.credential, $1.weight, target, named) }
    }

    private func label(_ credential: TargetCredential, _ target: Target, _ named: Named, _ index: Int) -> String {
        if let key = virtualKey(credential, target, named) { return snapshot.virtualKeys[key].slug }
        return target.pool.count > 0 ? "credential \(index)" : ""
    }

    private func credential(
        _ credential: TargetCredential, _ target: Target, _ program: Program, _ named: Named, _ upstream: Upstream, isOperatorConfig: Bool,
        isRequestHost: Bool
    ) throws(Rejection) -> ([UInt8]?, CredentialSource) {
        if let key = virtualKey(credential, target, named) {
            if isRequestHost { throw ownHostOnly("a virtual key's requests go") }
            return (snapshot.virtualKeys[key].credential, .operators)
        }
        switch credential {
        case .none, .virtualKey: return (nil, .callers)
        case .identity:
            if isRequestHost { throw ownHostOnly("requests with the gateway's own identity go") }
            guard upstream.row.paths == .azure else {
                throw Rejection(.invalidConfig, "\(upstream.id): azure_auth_mode is for deployments at Azure", parameter: "azure_auth_mode")
            }
            return (nil, .operators)
        case .literal(let run):
            if isOperatorConfig, isRequestHost { throw ownHostOnly("requests with the gateway's own credential go") }
            return ([UInt8](program.bytes(run)), isOperatorConfig ? .operators : .written)
        case .caller:
            if isRequestHost || upstream.credential == nil { return (nil, .callers) }
            return (upstream.credential, .callersElseOperators)
        }
    }

    func ownHostOnly(_ what: String) -> Rejection {
        Rejection(.invalidCustomHost, "\(what) to its own host only", parameter: "x-portkey-custom-host")
    }

    private struct CustomHost {
        var origin: Origin
        var path: OwnedBytes
        /// Written by the operator beside a virtual key.
        var isOperators = false
    }

    /// The one host all of the target's credentials lead to.
    private func host(of target: Target, _ program: Program, _ headers: RoutingHeaders, _ named: Named) throws(Rejection) -> CustomHost? {
        let credentials = credentials(of: target, program, named)
        let first = try host(credentials[0].1, target, program, headers, named)
        for (label, credential, _, _) in credentials.dropFirst() {
            let other = try host(credential, target, program, headers, named)
            guard other?.origin == first?.origin, other?.path.slice ?? ByteSlice("") == first?.path.slice ?? ByteSlice("") else {
                throw Rejection(.invalidConfig, "\(String(program.bytes(target.path))): [\(label)] leads to another host than the credentials before it")
            }
        }
        return first
    }

    /// The host the request's headers or the target's config want; the header wins.
    private func host(
        _ credential: TargetCredential, _ target: Target, _ program: Program, _ headers: RoutingHeaders, _ named: Named
    ) throws(Rejection) -> CustomHost? {
        if let key = virtualKey(credential, target, named) {
            guard headers.customHost.isEmpty else {
                throw ownHostOnly("a virtual key's requests go")
            }
            if let host = snapshot.virtualKeys[key].host { return operatorHost(host) }
        }
        if !headers.customHost.isEmpty {
            return try host(header: headers.customHost.trimmed)
        }
        guard let host = target.host else { return nil }
        let origin = Origin(
            isTLS: host.isSecure, host: String(program.bytes(host.name)), port: host.port, caFile: nil,
            mayBePrivate: host.verdict == .trusted, mayBeLoopback: try mayBeLoopback(host.verdict))
        return CustomHost(origin: origin, path: OwnedBytes(program.bytes(host.pathPrefix)))
    }

    func virtualKey(_ credential: TargetCredential, _ target: Target, _ named: Named) -> Int? {
        if case .virtualKey(let key) = credential { return Int(key) }
        return target.provider < 0 ? named.virtualKey : nil
    }

    /// A host the operator wrote next to a credential: where that may go is the operator's to say.
    private func operatorHost(_ host: Snapshot.Host) -> CustomHost {
        let origin = Origin(
            isTLS: host.isTLS, host: host.name, port: host.port, caFile: nil, mayBePrivate: host.mayBePrivate, mayBeLoopback: host.mayBePrivate)
        return CustomHost(origin: origin, path: host.path.withByteSlice { OwnedBytes($0) }, isOperators: true)
    }

    private func host(header text: ByteSlice) throws(Rejection) -> CustomHost {
        let refused = Rejection(.invalidCustomHost, "Invalid custom host", parameter: "x-portkey-custom-host")
        let url: HostURL
        do throws(HostFault) { url = try HostURL(text) } catch { throw refused }
        let verdict = HostRules.verdict(of: url, text: text, trusted: snapshot.catalog.trustedHosts)
        if case .refused = verdict { throw refused }
        let origin = Origin(
            isTLS: url.isSecure, host: String(url.host).lowercased(), port: url.port, caFile: nil,
            mayBePrivate: verdict == .trusted, mayBeLoopback: try mayBeLoopback(verdict))
        return CustomHost(origin: origin, path: OwnedBytes(url.path))
    }

    /// Loopback hosts are for gateways that only this machine reaches.
    private func mayBeLoopback(_ verdict: HostVerdict) throws(Rejection) -> Bool {
        if verdict == .trusted { return true }
        guard verdict == .loopback else { return false }
        guard snapshot.isLoopbackOnly else { throw Rejection(.invalidCustomHost, "Invalid custom host", parameter: "x-portkey-custom-host") }
        return true
    }

    private func requestTimeout(_ headers: RoutingHeaders) throws(Rejection) -> UInt64? {
        let text = headers.requestTimeout.trimmed
        if text.isEmpty { return nil }
        guard let milliseconds = text.decimal, milliseconds > 0, milliseconds <= PolicyLimits.requestTimeoutMilliseconds else {
            throw Rejection(
                .invalidHeader, "x-portkey-request-timeout is a number of milliseconds from 1 to \(PolicyLimits.requestTimeoutMilliseconds)",
                parameter: "x-portkey-request-timeout")
        }
        return UInt64(milliseconds)
    }

    /// The names in `x-portkey-forward-headers`, which replace the config's; SDKs send `_` for `-`.
    private func forwardedNames(_ headers: RoutingHeaders) throws(Rejection) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for part in String(headers.forwardHeaders).split(separator: ",") {
            let name = part.utf8.filter { $0 != 0x20 && $0 != 0x09 }.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : ASCII.lowercased($0) }
            if name == Array("x-portkey-forward-headers".utf8) {
                throw Rejection(.invalidHeader, "x-portkey-forward-headers cannot forward itself", parameter: "x-portkey-forward-headers")
            }
            if name.isEmpty || names.contains(name) { continue }
            guard names.count < PolicyLimits.forwardHeaderCount else {
                throw Rejection(
                    .invalidHeader, "x-portkey-forward-headers names more than \(PolicyLimits.forwardHeaderCount) headers",
                    parameter: "x-portkey-forward-headers")
            }
            names.append(name)
        }
        return names
    }
}
