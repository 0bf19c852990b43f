import Bytes
import Configuration
import Foundation
import Gateway
import Glibc
import HTTP
import JSON
import Ledger
import Office
import Policy
import Providers
import Reactor
import Webhooks

/// A checked configuration → what the workers serve by.
struct SnapshotBuilder {
    let configuration: ServerConfiguration
    let secrets: ResolvedSecrets
    /// Where state is kept.
    let dataDirectory: String
    private let table: [Provider]

    init(_ configuration: ServerConfiguration, _ secrets: ResolvedSecrets, dataDirectory: String? = nil) {
        self.configuration = configuration
        self.secrets = secrets
        self.dataDirectory = dataDirectory ?? configuration.dataDirectory ?? SnapshotBuilder.usualDataDirectory
        table = SnapshotBuilder.table()
    }

    /// Where budgets of the file are kept when nothing says where: a store is not.
    private static let usualDataDirectory = "./sluice-data"

    private static func table() -> [Provider] {
        let table = ProviderTable()
        return (0..<table.count).map { table[$0] }
    }

    /// The built-in providers, as the configuration's compiler needs to know them.
    static func builtInProviders() -> [Catalog.Provider] {
        table().map { Catalog.Provider(id: $0.id.description, needsCredential: $0.needsCredential) }
    }

    func declared() throws(StartError) -> DeclaredParts {
        let declarations = try keys()
        do {
            return DeclaredParts(try parts(KeyTable(declarations)), keys: declarations)
        } catch let error as KeyTableError {
            throw StartError("keys: \(error)")
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError("\(error)")
        }
    }

    private func parts(_ keys: KeyTable) throws(StartError) -> Snapshot.Parts {
        var parts = Snapshot.Parts(upstreams: upstreams(), catalog: configuration.catalog, keys: keys)
        parts.limits = limits()
        parts.gatewayVersion = Array(Version.number.utf8)
        parts.virtualKeys = zip(configuration.virtualKeys, secrets.virtualKeys).map { declaration, secret in
            var key = Snapshot.VirtualKey(
                slug: declaration.slug, upstream: declaration.provider, credential: secret.map { [UInt8]($0.bytes) } ?? [])
            key.models = NamePatterns(declaration.allowedModels)
            key.host = declaration.host.map { Snapshot.Host(isTLS: $0.isSecure, name: $0.name, port: $0.port, path: Array($0.pathPrefix.utf8)) }
            return key
        }
        parts.configs = configuration.configs.map(\.program)
        parts.configDigests = configuration.configs.map(\.digest)
        parts.defaultConfig = configuration.defaultConfig
        parts.isLoopbackOnly = configuration.isLoopbackOnly
        parts.proxies = configuration.proxies.map { trust($0) } ?? ProxyTrust()
        parts.crossOrigin = configuration.crossOrigin.map { rules($0) }
        parts.prices = try prices()
        let bodies = configuration.books.bodies
        parts.bodies.areKept = bodies.mode == .full
        parts.bodies.exceptions = bodies.exceptions
        parts.bodies.most = Int(clamping: bodies.most)
        parts.keyRestrictions = configuration.keys.map { restrictions($0.allowed) }
        parts.keyMetadata = configuration.keys.map { key in key.metadata.flatMap { KeyMetadata([$0]) } }
        parts.alertWebhooks = secrets.alertWebhooks.map { webhook in
            Webhook(
                name: webhook.name, host: webhook.host, url: webhook.url, secret: webhook.secret,
                fields: webhook.headers.map { Webhook.Field(name: $0.name, value: $0.value) }, caFile: webhook.caFile)
        }
        try limitSpending(&parts)
        return parts
    }

    /// Gives keys and virtual keys what they may spend, where any of them is limited.
    private func limitSpending(_ parts: inout Snapshot.Parts) throws(StartError) {
        switch configuration.unpriced {
        case .deny: parts.unpriced = .deny
        case .allow: parts.unpriced = .allow
        case .price(let input, let output):
            guard let input = UnitPrice(nanodollarsPerMillion: input), let output = UnitPrice(nanodollarsPerMillion: output) else {
                throw StartError("unpriced: a price is out of bounds")
            }
            parts.unpriced = .price(ModelPrice(input: input, output: output))
        }
        let isLimited = configuration.keys.contains { !$0.limits.isEmpty }
            || configuration.virtualKeys.contains { !$0.limits.isEmpty || $0.priceMultiplier != nil } || !configuration.policies.isEmpty
        guard isLimited else { return }
        let books = try OpenBooks.books(in: dataDirectory)
        var builder = SpendingBuilder(books)
        parts.books = books
        for key in configuration.keys { parts.keyTerms.append(try builder.terms(.key, of: key.name, identity: key.name, key.limits)) }
        for policy in configuration.policies { parts.policies += try builder.policies(policy.name, identity: policy.name, policy.scope, policy.limits) }
        for (index, key) in configuration.virtualKeys.enumerated() {
            let adjustment = try key.priceMultiplier.map { text throws(StartError) in try SnapshotBuilder.adjustment(text) } ?? .none
            parts.virtualKeys[index].terms = try builder.terms(.virtualKey, of: key.slug, identity: key.slug, key.limits, adjustment: adjustment)
        }
    }

    private static func adjustment(_ text: String) throws(StartError) -> PriceAdjustment {
        guard let adjustment = Array(text.utf8).withByteSlice({ PriceAdjustment(multiplier: $0) }) else {
            throw StartError("price_multiplier: \(text) has more than six decimals")
        }
        return adjustment
    }

    /// The book that comes with the program: read once, however often the configuration is.
    private static let embeddedPrices = Result { () throws(PriceFaults) in try PriceBook.embedded() }

    /// That book, and before it the file's own.
    private func prices() throws(StartError) -> PriceBook {
        let path = configuration.priceFile
        let text = path.flatMap { FileManager.default.contents(atPath: $0) }
        if let path, text == nil { throw StartError("prices: \(path) cannot be read") }
        do throws(PriceFaults) {
            let own = try SnapshotBuilder.embeddedPrices.get()
            guard let text else { return own }
            return try Array(text).withByteSlice { (bytes) throws(PriceFaults) in try PriceBook(bytes, over: own) }
        } catch {
            throw StartError("prices: " + error.diagnostics.map { $0.told(path: path ?? "prices.yaml") }.joined(separator: "\n"))
        }
    }

    // MARK: Providers

    private func upstreams() -> [Upstream] {
        var upstreams = table.map { Upstream(row: $0) }
        for (declaration, secret) in zip(configuration.providers, secrets.providers) {
            let upstream = upstream(declaration, secret)
            if declaration.index < upstreams.count { upstreams[declaration.index] = upstream } else { upstreams.append(upstream) }
        }
        return upstreams
    }

    private func upstream(_ declaration: ProviderDeclaration, _ secret: SecretBytes?) -> Upstream {
        let row = declaration.isBuiltIn ? table[declaration.index] : row(speaking: declaration.dialect ?? .openai)
        var upstream = Upstream(row: row)
        if let host = declaration.host {
            upstream = Upstream(
                id: declaration.id, like: row, isTLS: host.isSecure, host: host.name, port: host.port, basePath: Array(host.pathPrefix.utf8))
        }
        upstream.id = declaration.id
        if let auth = declaration.auth {
            upstream.auth =
                switch auth {
                case .bearer: .bearer
                case .apiKeyField: .xAPIKey
                case .azureField: .apiKey
                case .googleField: .googAPIKey
                case .none: .none
                }
        }
        upstream.credential = secret.map { [UInt8]($0.bytes) }
        upstream.caFile = declaration.caFile
        upstream.http2 = declaration.http2.map { SnapshotBuilder.use($0) }
        upstream.isTrusted = declaration.allowsPrivateAddresses || declaration.host?.verdict == .trusted || declaration.host?.verdict == .loopback
        return upstream
    }

    /// The row whose wire a provider of the file speaks.
    private func row(speaking dialect: DeclaredDialect) -> Provider {
        let id: StaticString =
            switch dialect {
            case .openai: "openai"
            case .anthropic: "anthropic"
            case .gemini: "google"
            case .bedrock: "bedrock"
            }
        guard let row = table.first(where: { ByteSlice($0.id) == id }) else { preconditionFailure("the table has each dialect's own row") }
        return row
    }

    // MARK: The edge

    private func network(_ declared: DeclaredNetwork) -> Network? {
        switch declared {
        case .v4(let address, let length): Network(IPAddress(v4: address), prefixLength: length)
        case .v6(let address, let length): Network(IPAddress(v6High: address.high, low: address.low), prefixLength: length)
        }
    }

    private func restrictions(_ use: DeclaredUse) -> KeyRestrictions? {
        KeyRestrictions(models: use.models, providers: use.providers, endpoints: use.endpoints, networks: use.networks.compactMap { network($0) })
    }

    private func trust(_ declaration: ProxiesDeclaration) -> ProxyTrust {
        let networks = declaration.networks.compactMap { network($0) }
        let field: ProxyTrust.Field? =
            switch declaration.field {
            case .xForwardedFor: .xForwardedFor
            case .forwarded: .forwarded
            case .none: nil
            }
        return ProxyTrust(networks: networks, includesUnixSockets: declaration.includesUnixSockets, field: field)
    }

    private func rules(_ declaration: CrossOriginDeclaration) -> CrossOriginRules {
        let origins = declaration.origins.map { origin -> CrossOriginRules.Origin in
            switch origin {
            case .any: .any
            case .exact(let text): .exact(text)
            case .below(let scheme, let suffix): .below(scheme: scheme, suffix: suffix)
            }
        }
        return CrossOriginRules(origins, maxAgeSeconds: UInt64(declaration.maxAgeSeconds.magnitude))
    }

    // MARK: Keys and limits

    private func keys() throws(StartError) -> [KeyTable.Declaration] {
        do {
            return try configuration.keys.map { key in
                KeyTable.Declaration(
                    name: key.name, digest: try key.digest.map { try digest($0) }, configurationIndex: key.config, expiresAt: key.expiresAt,
                    certificate: key.certificate.map { identity($0) })
            }
        } catch {
            throw StartError("keys: \(error)")
        }
    }

    private func identity(_ certificate: DeclaredCertificate) -> CertificateIdentity {
        switch certificate {
        case .subject(let text): Array(text.utf8).withByteSlice { CertificateIdentity(subject: $0) }
        case .alternativeName(let text): Array(text.utf8).withByteSlice { CertificateIdentity(name: $0) }
        }
    }

    private func digest(_ bytes: [UInt8]) throws(KeyDigestError) -> KeyDigest {
        var text = "sha256:"
        for byte in bytes {
            let digits = String(byte, radix: 16)
            text += digits.count == 1 ? "0" + digits : digits
        }
        return try Array(text.utf8).withByteSlice { (bytes) throws(KeyDigestError) in try KeyDigest(bytes) }
    }

    private static func use(_ declared: DeclaredHTTP2) -> Upstream.HTTP2Use {
        switch declared {
        case .never: .never
        case .offered: .offered
        case .priorKnowledge: .priorKnowledge
        }
    }

    private func limits() -> WorkerLimits {
        let bounds = configuration.bounds
        func time(_ bound: Bound) -> UInt64 { bounds.nanoseconds(bound) ?? UInt64(Int64.max) }
        var limits = WorkerLimits()
        limits.http.headByteCount = bounds.number(.head)
        limits.http.startLineByteCount = bounds.number(.line)
        limits.http.fieldCount = bounds.number(.fields)
        limits.offersHTTP2 = configuration.offersHTTP2
        limits.upstreamHTTP2 = SnapshotBuilder.use(configuration.upstreamHTTP2)
        limits.http2.concurrentStreams = bounds.number(.streams)
        // A head that HTTP/1.1 may have is no flood.
        limits.http2.headerListByteCount = max(limits.http2.headerListByteCount, bounds.number(.head))
        limits.answerHead.headByteCount = bounds.number(.responseHead)
        limits.http2Upstream.headerListByteCount = max(limits.http2Upstream.headerListByteCount, bounds.number(.responseHead))
        limits.clients = bounds.number(.clients)
        limits.inFlight = bounds.number(.inFlight)
        limits.lagNanoseconds = time(.lag)
        limits.requestsPerConnection = bounds.number(.requestsPerConnection)
        limits.writeStallNanoseconds = time(.writeStall)
        limits.answerBytesPerSecond = bounds.number(.answerRate)
        limits.answerGraceNanoseconds = time(.answerGrace)
        limits.upstreamAgeNanoseconds = time(.poolAge)
        limits.pingIdleNanoseconds = time(.pingAfter)
        limits.pingNanoseconds = time(.pingTime)
        limits.bodyByteCount = bounds.number(.body)
        limits.clientHandshakeNanoseconds = time(.tlsHandshake)
        limits.headerNanoseconds = time(.headTime)
        limits.bodyBytesPerSecond = bounds.number(.bodyRate)
        limits.bodyGraceNanoseconds = time(.bodyGrace)
        limits.idleNanoseconds = time(.idle)
        limits.connectionsPerOrigin = bounds.number(.originConnections)
        limits.queueLength = bounds.number(.queue)
        limits.queueNanoseconds = time(.queueWait)
        limits.upstreamIdleNanoseconds = time(.poolIdle)
        limits.drainNanoseconds = time(.drainTimeout)
        limits.handoverNanoseconds = time(.upgradeDrainTimeout)
        let ceiling = SnapshotBuilder.memoryCeiling()
        limits.memoryByteCount = bounds.isSet(.buffers) ? bounds.number(.buffers) : ceiling.bufferByteCount
        limits.cacheByteCount = bounds.isSet(.cache) ? bounds.number(.cache) : ceiling.cacheByteCount
        limits.connectNanoseconds = time(.connect)
        limits.tlsHandshakeNanoseconds = time(.tls)
        limits.firstByteNanoseconds = time(.firstByte)
        limits.gapNanoseconds = time(.gap)
        limits.totalNanoseconds = time(.total)
        return limits
    }

    private static func memoryCeiling() -> MemoryCeiling {
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        return MemoryCeiling(groups: text("/proc/self/cgroup") ?? "", physicalByteCount: Int64(clamping: ProcessInfo.processInfo.physicalMemory), read: text)
    }
}
