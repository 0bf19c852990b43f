import Bytes
import Guardrails
import HTTP
import Health
import JSON
import Ledger
import Policy
import Providers
import Tokens

/// A target of a program as one worker sends to it: the pool, and everything of its requests and
/// answers that no request changes, written out once.
final class Destination {
    /// For messages; what requests need of it is below.
    let upstream: Upstream
    let dialect: Dialect
    let takesIncludeUsage: Bool
    let hasRenames: Bool
    /// The model of requests that name none, as JSON.
    let defaultModel: OwnedBytes?
    /// Whether the configuration, and not the table or the caller, says where this is.
    let isOperatorHost: Bool
    private let endpoints: EndpointSet?
    /// What its row has on paths of its own, whichever dialect.
    private let served: EndpointSet
    let sendsCredential: Bool
    /// The upstream's id, for records.
    let name: InlineText<32>
    /// The whole of it, for policies.
    let providerName: OwnedBytes
    let pool: UpstreamPool
    /// Until the response head.
    let headNanoseconds: UInt64
    let hasOwnHeadLimit: Bool
    /// Bounds the target has of its own.
    let connectNanoseconds: UInt64?
    let firstTokenNanoseconds: UInt64?
    let gapNanoseconds: UInt64
    let totalNanoseconds: UInt64?
    /// The credentials its requests may carry, at least one; which, `DestinationKey` decides with each attempt.
    let keys: [DestinationKey]
    let breaker: BreakerRule?
    /// What its repeats are paid from.
    let retryBudget: RetryBudget
    let hedgeBudget: RetryBudget

    /// `host` and what the target's options add.
    private let requestFields: OwnedBytes
    /// `x-portkey-provider` and its like.
    private let answerFields: OwnedBytes
    /// What replaces `/v1`; nil for the row's own way.
    private let basePath: OwnedBytes?
    private let isCustomHost: Bool
    /// Whether the request names the host.
    let isRequestHost: Bool
    /// Where its paths have a deployment and a version in them.
    private let azure: (deployment: OwnedBytes, version: OwnedBytes)?
    /// The model its bodies name whatever the client says, as JSON: Azure's version 1 calls deployments so.
    let ownModel: OwnedBytes?
    /// Where it is Vertex AI's: the dialect is the model's then.
    let vertex: VertexPlace?
    /// Where its files and batches are, where its provider has none of its own.
    let batches: BatchPlace?
    /// The model its config sets, a string's content.
    let overriddenModel: OwnedBytes?
    /// Whether its config sets a stream; nil where that is the client's to say.
    let overriddenStream: Bool?
    /// Whether its provider has an endpoint for filling in the middle, and its config wants completions to go there.
    let fillsInTheMiddle: Bool
    let completesInTheMiddle: Bool
    /// Client fields the target wants whatever their usual fate, lower case.
    private let forwardedNames: [OwnedBytes]
    let overrides: RowRun
    /// Checks of what is sent here and of what is answered; nil for none.
    let inputHooks: HookSet?
    let outputHooks: HookSet?
    let isGuarded: Bool
    /// What the cache tells it from others by; see `RouteBuilder.identity`.
    let identity: [UInt8]
    /// For requests that state no version of their own.
    private let anthropicVersion: OwnedBytes

    struct Parts {
        var upstream: Upstream
        var pool: UpstreamPool
        var headNanoseconds: UInt64
        var hasOwnHeadLimit: Bool
        var timeouts: TargetTimeouts
        var gapNanoseconds: UInt64
        var keys: [DestinationKey]
        var breaker: BreakerRule?
        var retryBudget: RetryBudget
        var hedgeBudget: RetryBudget
        var anthropicVersion: ByteSlice
        var customPath: ByteSlice?
        var isRequestHost: Bool
        var options: [(StaticString, ByteSlice)]
        var forwardedNames: [[UInt8]]
        var overrides: RowRun
        /// A string's content; empty for none.
        var overriddenModel: ByteSlice
        var overriddenStream: Bool?
        var path: ByteSlice
        var azure: AzureTarget?
        var vertex: VertexTarget?
        var batches: BatchPlace?
        var completesInTheMiddle: Bool
        var inputHooks: HookSet?
        var outputHooks: HookSet?
        var identity: [UInt8] = []
    }

    init(_ parts: Parts) throws(Rejection) {
        upstream = parts.upstream
        providerName = Array(parts.upstream.id.utf8).withByteSlice { OwnedBytes($0) }
        dialect = parts.upstream.row.dialect
        takesIncludeUsage = parts.upstream.row.takesIncludeUsage
            && parts.azure?.version.withByteSlice { AzurePath.takesStreamOptions($0) } != false
        defaultModel = parts.upstream.defaultModel.map { model in model.withByteSlice { OwnedBytes($0) } }
        hasRenames = parts.upstream.row.renames.count > 0
        isOperatorHost = parts.upstream.isOperators && parts.customPath == nil
        endpoints = parts.upstream.basePath == nil ? parts.upstream.row.endpoints : nil
        served = parts.upstream.row.endpoints
        sendsCredential = parts.upstream.auth != .none
        name = Array(parts.upstream.id.utf8).withByteSlice { InlineText($0) }
        pool = parts.pool
        headNanoseconds = parts.headNanoseconds
        hasOwnHeadLimit = parts.hasOwnHeadLimit
        connectNanoseconds = Destination.nanoseconds(parts.timeouts.connectMilliseconds)
        firstTokenNanoseconds = Destination.nanoseconds(parts.timeouts.firstTokenMilliseconds)
        gapNanoseconds = Destination.nanoseconds(parts.timeouts.gapMilliseconds) ?? parts.gapNanoseconds
        totalNanoseconds = Destination.nanoseconds(parts.timeouts.totalMilliseconds)
        overrides = parts.overrides
        inputHooks = parts.inputHooks
        outputHooks = parts.outputHooks
        identity = parts.identity
        isGuarded = parts.inputHooks != nil || parts.outputHooks != nil
        anthropicVersion = OwnedBytes(parts.anthropicVersion.isEmpty ? ByteSlice("2023-06-01") : parts.anthropicVersion)
        precondition(!parts.keys.isEmpty, "a destination has a key, if only the caller's")
        keys = parts.keys
        breaker = parts.breaker
        retryBudget = parts.retryBudget
        hedgeBudget = parts.hedgeBudget
        forwardedNames = parts.forwardedNames.map { name in name.withByteSlice { OwnedBytes($0) } }
        isCustomHost = parts.customPath != nil
        isRequestHost = parts.isRequestHost
        basePath = parts.customPath.map { OwnedBytes($0) } ?? parts.upstream.basePath.map { $0.withByteSlice { OwnedBytes($0) } }
        azure = parts.azure.map { azure in
            (azure.deployment.withByteSlice { OwnedBytes($0) }, azure.version.withByteSlice { OwnedBytes($0) })
        }
        ownModel = Destination.ownModel(parts.azure)
        overriddenModel = parts.overriddenModel.isEmpty ? nil : OwnedBytes(parts.overriddenModel)
        overriddenStream = parts.overriddenStream
        vertex = parts.vertex.map { Destination.vertexPlace($0, parts) }
        batches = parts.batches
        fillsInTheMiddle = parts.upstream.row.fillsInTheMiddle
        completesInTheMiddle = parts.completesInTheMiddle
        requestFields = try Destination.requestFields(parts)
        answerFields = Destination.answerFields(parts)
    }

    private static func nanoseconds(_ milliseconds: UInt32) -> UInt64? { milliseconds > 0 ? UInt64(milliseconds) * 1_000_000 : nil }

    private static func requestFields(_ parts: Parts) throws(Rejection) -> OwnedBytes {
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.fixedFieldsByteCount)
        defer { storage.deallocate() }
        var writer = ByteWriter(storage, capacity: GatewayLimits.fixedFieldsByteCount)
        writer.append("host: ")
        writer.append(parts.pool.origin.authority)
        writer.append("\r\n")
        for (name, value) in parts.options where !value.isEmpty { writer.append(field: name, value) }
        writer.append("accept-encoding: identity\r\n")
        guard !writer.overflowed else { throw Rejection(.invalidHeader, "the target's header fields are too long") }
        return OwnedBytes(writer.written)
    }

    private static func answerFields(_ parts: Parts) -> OwnedBytes {
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.fixedFieldsByteCount)
        defer { storage.deallocate() }
        var writer = ByteWriter(storage, capacity: GatewayLimits.fixedFieldsByteCount)
        writer.append("x-portkey-provider: ")
        writer.append(parts.upstream.id)
        writer.append("\r\nx-portkey-last-used-option-index: ")
        writer.append(parts.path)
        writer.append("\r\n")
        return OwnedBytes(writer.written)
    }

    /// Whether requests to `endpoint` can be sent here. Of a provider of the configuration nothing is known.
    func serves(_ endpoint: Endpoint) -> Bool { endpoints?.contains(EndpointSet(endpoint)) ?? true }

    /// How a request of a client that speaks `spoken` gets here.
    ///
    /// - Parameter model: whose model it is for, where that decides.
    func passage(of endpoint: Endpoint, spoken: Dialect, _ model: VertexModel?) -> Passage {
        if let model { return model.passage(of: endpoint, spoken: spoken) }
        return Passage.of(endpoint, spoken: spoken, to: dialect, isServed: served.contains(EndpointSet(endpoint)))
    }

    var fixedFields: ByteSlice { requestFields.slice }
    var fixedAnswerFields: ByteSlice { answerFields.slice }

    private static func ownModel(_ azure: AzureTarget?) -> OwnedBytes? {
        guard let azure, !azure.deployment.isEmpty, azure.version.withByteSlice({ AzurePath.isVersionOne($0) }) else { return nil }
        return azure.deployment.withByteSlice { name in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 6 * name.count + 2) { room in
                guard let base = room.baseAddress else { return nil }
                var writer = ByteWriter(base, capacity: room.count)
                writer.append(jsonString: name)
                return OwnedBytes(writer.written)
            }
        }
    }

    /// `/v1` as the target's host has it: a custom host's path ends with it.
    private static func vertexPlace(_ target: VertexTarget, _ parts: Parts) -> VertexPlace {
        var base = parts.upstream.basePath ?? Array("\(parts.upstream.row.pathPrefix)".utf8)
        if let custom = parts.customPath {
            let kept = Array("\(parts.upstream.row.keptUnderCustomHost)".utf8)
            base = [UInt8](custom)
            while base.last == UInt8(ascii: "/") { base.removeLast() }
            if parts.upstream.basePath == nil, !base.suffix(kept.count).elementsEqual(kept) { base += kept }
        }
        return base.withByteSlice { VertexPlace(target, base: $0, model: parts.overriddenModel) }
    }

    /// What a request says of its model, for paths in which that stands.
    struct PathModel {
        var vertex: VertexModel?
        /// Decoded; empty where no body names it.
        var name: ByteSlice
        var isStream: Bool
    }

    /// Whether a model's name stands in the paths of requests.
    var namesModelInPath: Bool { azure != nil || vertex != nil }

    /// The deployment that the path of a request to `endpoint` names whatever its body says; empty where the body's model does.
    func deployment(of endpoint: Endpoint) -> ByteSlice {
        guard let azure, !AzurePath.isVersionOne(azure.version.slice), AzurePath.isDeployments(endpoint) else { return ByteSlice("") }
        return azure.deployment.slice
    }

    /// Writes the request target; false when the client's is not below `/v1`, or no model or deployment is named where one has to be.
    ///
    /// - Parameter model: what a request to one of those hosts says; see `namesModelInPath`.
    func writeTarget(of target: ByteSlice, _ endpoint: Endpoint, _ model: PathModel, to writer: inout ByteWriter) -> Bool {
        if let vertex {
            return vertex.writeTarget(of: target, endpoint, model.vertex, name: model.name, isStream: model.isStream, to: &writer)
        }
        if let azure {
            let base = basePath?.slice ?? ByteSlice(upstream.row.pathPrefix)
            let deployment = azure.deployment.slice
            return AzurePath.write(
                target: target, endpoint: endpoint, base: base, deployment: deployment.isEmpty ? model.name : deployment, version: azure.version.slice,
                into: &writer)
        }
        guard let basePath else { return upstream.row.writeTarget(of: target, customPrefix: nil, into: &writer) }
        if isCustomHost, upstream.basePath == nil {
            return upstream.row.writeTarget(of: target, customPrefix: basePath.slice, into: &writer)
        }
        return Provider.writeTarget(of: target, below: basePath.slice, into: &writer)
    }

    /// Whether a request of `caller` may carry a credential of the operator's: the vault's, or one from the configuration or
    /// the environment.
    ///
    /// - Parameter brings: whether the caller brings a credential of its own.
    func usesOperatorCredential(forWhoBrings brings: Bool) -> Bool {
        for key in keys where key.isOperators(forWhoBrings: brings) { return true }
        return false
    }

    /// Writes the client's fields that go on to the provider, in runs as long as they are.
    ///
    /// - Parameters:
    ///   - spoken: the client's dialect; a provider that has both is sent what belongs to it.
    ///   - context: what stands in place of the value of its `traceparent`; nil for that.
    func writeFields(_ request: borrowing RequestHead, _ message: ByteSlice, spoken: Dialect, context: TraceContext?, to writer: inout ByteWriter) {
        let dialect = dialect == .anthropic ? dialect : spoken
        let (always, never) = (Destination.always, dialect == .bedrock ? Destination.neverSigned : Destination.never)
        var start = 0
        var end = 0
        for index in 0..<request.fields.count {
            let line = request.fields[index]
            if never.contains(line.name) { continue }
            guard always.contains(line.name) || goesOn(message[line.nameRange], dialect),
                !request.fields.isNominated(line, by: request.connection, in: message)
            else { continue }
            if line.range.lowerBound != end {
                writer.append(message[start..<end])
                start = line.range.lowerBound
            }
            end = line.range.upperBound
            if line.name == .traceparent, let context {
                writer.append(message[start..<line.valueRange.lowerBound])
                context.write(into: &writer)
                start = line.valueRange.upperBound
            }
        }
        writer.append(message[start..<end])
        writeRenamed(request, message, dialect, to: &writer)
    }

    private func goesOn(_ name: ByteSlice, _ dialect: Dialect) -> Bool {
        switch RequestField.fate(of: name, towards: dialect) {
        case .forwarded: return true
        case .onlyIfNamed: return isNamed(name)
        case .credential, .ours, .never, .renamed: return false
        }
    }

    /// What every client sends and every provider gets: decided by code, without a look at the name.
    static let always = FieldNameSet(.contentType, .contentEncoding, .accept, .userAgent, .traceparent, .cacheControl, .date, .stainless)

    /// The same as `never` of a signed request, which says of its body itself what it is.
    static let neverSigned = never.union(FieldNameSet(.contentType, .contentEncoding))

    /// What no provider gets in a client's own words, whatever its dialect, and named or not.
    static let never = FieldNameSet.hopByHop.union(FieldNameSet(
        .host, .contentLength, .expect, .acceptEncoding, .authorization, .xAPIKey, .apiKey,
        .portkeyAPIKey, .portkeyConfig, .portkeyProvider, .portkeyVirtualKey, .portkeyCustomHost, .portkeyForwardHeaders, .portkeyRequestTimeout,
        .portkeyMetadata, .portkeyTraceID, .portkeyStrictOpenAICompliance, .portkeyCacheForceRefresh, .portkeyCacheNamespace, .portkeyDebug,
        .otherPortkey, .sluice))

    func isNamed(_ name: ByteSlice) -> Bool {
        for wanted in forwardedNames where name.equalsIgnoringCase(wanted.slice) { return true }
        return false
    }

    /// Portkey's spellings of the providers' own fields, under the providers' names.
    private func writeRenamed(_ request: borrowing RequestHead, _ message: ByteSlice, _ dialect: Dialect, to writer: inout ByteWriter) {
        var sentVersion = request.fields.contains(.anthropicVersion)
        if request.fields.contains(.otherPortkey) {
            var next = request.fields.firstIndex(of: .otherPortkey)
            while let index = next {
                let line = request.fields[index]
                if case .renamed(let name) = RequestField.fate(of: message[line.nameRange], towards: dialect) {
                    writer.append(field: name, message[line.valueRange])
                    if ByteSlice(name) == "anthropic-version" { sentVersion = true }
                }
                next = request.fields.nextIndex(of: .otherPortkey, after: index)
            }
        }
        if dialect == .anthropic, !sentVersion { writer.append(field: "anthropic-version", anthropicVersion.slice) }
    }
}
