import Bytes
import Cache
import HTTP
import JSON
import Policy
import Providers

/// What a request's key in the cache is made from: everything that can change its answer.
extension Exchange {
    /// Whether the request is of those whose answers may be kept, where its config or its headers say so.
    var mayBeKept: Bool {
        guard plan?.target.cache != nil || request.fields.contains(.otherPortkey) else { return false }
        return worker.cacheKeys != nil && endpoint.isCacheable && readsBody && request.method == .post && !screening.inputFailed
    }

    /// Finds out whether and by what a request that `mayBeKept` is looked for; false where its answer is not kept.
    func findKey(_ plan: Plan, _ client: Client) throws(Rejection) -> Bool {
        let message = client.unread
        guard let rule = try cacheRule(plan, message), rule.maxAgeSeconds > 0 else { return false }
        let content = message[body.range]
        guard !(endpoint == .responses && isOfLaterState(content)) else { return false }
        guard let form = makeKey(plan, rule, message, client) else { return false }
        caching.rule = rule
        caching.form = AnswerForm(RequestedForm(isStream: plan.destination.overriddenStream ?? form.isStream, includesUsage: form.includesUsage))
        caching.mayBeRefused = form.isUnusual
        caching.key = key(caching.form)
        return true
    }

    /// The key for one form of the request's answer, all else having been added.
    func key(_ form: AnswerForm) -> CacheKey { worker.cacheKeys?.key(form: form.rawValue) ?? CacheKey(low: 0, high: 0) }

    /// How the config has the answer kept, or the request's own headers; nil for not at all.
    private func cacheRule(_ plan: Plan, _ message: ByteSlice) throws(Rejection) -> CacheRule? {
        var rule = plan.target.cache
        guard request.fields.contains(.otherPortkey) else { return rule }
        if let index = request.fields.firstIndex(named: ByteSlice("x-portkey-cache"), in: message) {
            let word = message[request.fields[index].valueRange].trimmed
            if word.equalsIgnoringCase("simple") {
                rule = rule ?? CacheRule(mode: .simple)
                rule?.mode = .simple
            } else if word.equalsIgnoringCase("semantic") {
                rule = rule ?? CacheRule(mode: .semantic)
                rule?.mode = .semantic
            } else {
                throw Rejection(.invalidHeader, "x-portkey-cache is simple or semantic", parameter: "x-portkey-cache")
            }
        }
        if let index = request.fields.firstIndex(named: ByteSlice("x-portkey-cache-ttl"), in: message) {
            guard let seconds = message[request.fields[index].valueRange].trimmed.decimal, seconds <= PolicyLimits.cacheAgeSeconds else {
                throw Rejection(
                    .invalidHeader, "x-portkey-cache-ttl is a number of seconds from 0 to \(PolicyLimits.cacheAgeSeconds)",
                    parameter: "x-portkey-cache-ttl")
            }
            rule?.maxAgeSeconds = UInt32(seconds)
        }
        return rule
    }

    /// Whether the answer is only begun, or follows from what was said elsewhere and may go on there.
    private func isOfLaterState(_ content: ByteSlice) -> Bool {
        guard let root = JSONView(objectIn: content) else { return true }
        for member in root.members where member.name == "background" || member.name == "conversation" {
            if member.value.kind != .null, member.value.kind != .false { return true }
        }
        return false
    }

    private func makeKey(_ plan: Plan, _ rule: CacheRule, _ message: ByteSlice, _ client: Client) -> RequestedForm? {
        worker.cacheKeys?.begin()
        addTenant(rule, message)
        worker.cacheKeys?.add(.route, plan.route.identity.slice)
        if plan.route.program.hasConditions {
            let surroundings = Surroundings(exchange: self, client: client, route: plan.route)
            plan.route.program.forEachBranch(surroundings) { worker.cacheKeys?.add(.branch, UInt64(truncatingIfNeeded: $0)) }
        }
        worker.cacheKeys?.add(.endpoint, UInt64(endpoint.rawValue))
        worker.cacheKeys?.add(.path, message[request.targetRange])
        worker.cacheKeys?.add(.namespace, request.fields.value(of: .portkeyCacheNamespace, in: message) ?? ByteSlice(""))
        if plan.route.isGuarded { worker.cacheKeys?.add(.metadata, metadata(in: message) ?? ByteSlice("")) }
        addFields(plan, message)
        return worker.cacheKeys?.addBody(message[body.range])
    }

    /// Whose answers these are: the key holder's, those of whoever has the caller's credential, or this machine's.
    private func addTenant(_ rule: CacheRule, _ message: ByteSlice) {
        guard !rule.isGlobal else { return }
        if let principal = caller.principal {
            worker.cacheKeys?.add(.tenant, 1)
            worker.cacheKeys?.add(.tenant, principal.identity)
        }
        if let credential = caller.credential {
            worker.cacheKeys?.add(.tenant, 2)
            worker.cacheKeys?.add(.tenant, message[credential])
        }
    }

    /// Adds the fields a target is sent, but for those that say nothing of what is asked.
    private func addFields(_ plan: Plan, _ message: ByteSlice) {
        for index in 0..<request.fields.count {
            let line = request.fields[index]
            if CacheFields.saysNothing.contains(line.name) { continue }
            let name = message[line.nameRange]
            guard line.name != .stainless && CacheFields.counts(line.name, name, message[line.valueRange]) || plan.route.forwards(name) else { continue }
            worker.cacheKeys?.addField(name, message[line.valueRange])
        }
    }

    /// What operators may name the request's answer by.
    func tags(_ message: ByteSlice) -> CacheTags {
        guard let seed = worker.sharedCache?.seed else { return caching.tags }
        let namespace = request.fields.value(of: .portkeyCacheNamespace, in: message) ?? ByteSlice("")
        return CacheTags(
            tenant: seed.tag(caller.principal?.identity ?? ByteSlice("")), namespace: seed.tag(namespace),
            model: record.model.withBytesInPlace { seed.tag($0) })
    }
}

/// Which fields of a request may change its answer.
enum CacheFields {
    /// What frames the message, names its way, or proves who sends it: all of that is told by other parts of the key, or by none.
    static let saysNothing = FieldNameSet.hopByHop.union(
        FieldNameSet(
            .host, .contentLength, .expect, .contentType, .contentEncoding, .acceptEncoding, .cacheControl, .authorization, .xAPIKey, .apiKey,
            .traceparent, .userAgent, .date, .portkeyAPIKey, .portkeyConfig, .portkeyProvider, .portkeyVirtualKey, .portkeyCustomHost,
            .portkeyForwardHeaders, .portkeyRequestTimeout, .portkeyMetadata, .portkeyTraceID, .portkeyCacheForceRefresh, .portkeyCacheNamespace,
            .portkeyDebug, .sluice))

    /// Whether a target may be sent the field `name`, and may answer otherwise for it.
    static func counts(_ code: FieldName, _ name: ByteSlice, _ value: ByteSlice) -> Bool {
        switch code {
        case .accept: return !CacheFields.asksForTheUsual(value)
        case .anthropicVersion, .anthropicBeta, .openAIBeta, .openAIOrganization, .openAIProject, .portkeyStrictOpenAICompliance: return true
        case .otherPortkey:
            return name.equalsIgnoringCase("x-portkey-mistral-fim-completion") || RequestField.fate(of: name, towards: .openAI).isRenamed
                || RequestField.fate(of: name, towards: .anthropic).isRenamed
        default: break
        }
        guard RequestField.fate(of: name, towards: .openAI) == .forwarded || RequestField.fate(of: name, towards: .anthropic) == .forwarded else {
            return false
        }
        for quiet in quietNames where name.equalsIgnoringCase(quiet) { return false }
        for prefix in quietPrefixes where name.hasPrefix(ignoringCase: prefix) { return false }
        return true
    }

    /// Whether `Accept` says no more than that an answer may be JSON or a stream, which the body says already.
    private static func asksForTheUsual(_ value: ByteSlice) -> Bool {
        var rest = value.trimmed
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.count
            let type = rest.prefix(end).trimmed
            guard type == "*/*" || type.equalsIgnoringCase("application/json") || type.equalsIgnoringCase("text/event-stream") else { return false }
            rest = rest.dropFirst(min(end + 1, rest.count))
        }
        return true
    }

    /// What SDKs, browsers, proxies and tracers say of themselves or of this one sending.
    private static let quietPrefixes: [StaticString] = ["x-datadog-", "x-b3-", "x-amz-cf-", "x-envoy-", "x-newrelic-", "cf-", "sentry-"]
    private static let quietNames: [StaticString] = [
        "tracestate", "baggage", "b3", "idempotency-key", "x-request-id", "x-client-request-id", "x-correlation-id", "pragma", "priority", "dnt",
        "x-cloud-trace-context", "x-amzn-trace-id", "x-amzn-requestid", "uber-trace-id", "newrelic", "from", "if-none-match", "if-modified-since",
    ]
}

extension RequestField {
    fileprivate var isRenamed: Bool {
        if case .renamed = self { true } else { false }
    }
}
