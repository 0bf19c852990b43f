/// What a span says of the work that it stands for, in words that do not depend on its dialect.
public struct SpanReading: Sendable {
    public var trace = ""
    public var span = ""
    public var parent = ""
    public var name = ""
    /// Since 1970; 0 where it is not known.
    public var startNanoseconds: UInt64 = 0
    public var durationNanoseconds: UInt64 = 0
    /// Since the start; 0 where it is not known.
    public var firstTokenNanoseconds: UInt64 = 0
    public var role: SpanRole
    /// The gateway's id of it, or the span's own name for one that the gateway does not know.
    public var provider = ""
    public var model = ""
    public var served = ""
    public var finishReason = ""
    public var isStream = false
    public var tokens: SpanTokens?
    public var user = ""
    public var prompt = ""
    public var promptVersion: UInt32 = 0
    /// 200, or what went wrong: the status that the span says, or 500.
    public var status: UInt16 = 200
    public var error = ""
    /// Nil where it is not known.
    public var server: ServerAddress?
    public var metadata: [(name: String, value: String)] = []
    /// What was asked and answered, as JSON; empty where nothing is said of it, or it is not kept.
    public var asked: [UInt8] = []
    public var answered: [UInt8] = []
    /// Whether there was more of them than is kept.
    public var isContentCut = false

    /// Whether it stands for one call of a model, and says which.
    public var call: SpanRole.Call? {
        guard case .call(let call) = role, !model.isEmpty || !served.isEmpty else { return nil }
        return call
    }

    /// What an observation of it is of.
    public var kind: String {
        switch role {
        case .work(let kind): kind
        case .call(.embedding): "embedding"
        case .call: "llm"
        }
    }

    /// - Parameter room: for what was asked and answered, of its body.
    public init(_ span: Span, _ room: ValueRoom = ValueRoom()) {
        self.init(span.attributes, span.resource, events: span.events)
        (trace, self.span, parent, name) = (span.trace, span.span, span.parent, span.name)
        startNanoseconds = span.startNanoseconds
        if span.endNanoseconds > span.startNanoseconds, span.startNanoseconds > 0 {
            durationNanoseconds = min(span.endNanoseconds - span.startNanoseconds, OTLPLimits.durationNanoseconds)
        }
        readFirstToken(span.attributes, span.events)
        readStatus(span)
        readContent(SpanContent(span.contents, span.events, room), isCut: span.isContentCut)
    }

    /// Nil for a record that is no call of a model with its tokens: lines of logs, and events that only go with a span.
    ///
    /// - Parameter room: for what was asked and answered, of its body.
    public init?(_ log: LogRecord, _ room: ValueRoom = ValueRoom()) {
        let event = log.event.isEmpty ? log.attributes["event.name"]?.text ?? "" : log.event
        guard event.hasPrefix(ContentNames.eventPrefix) else { return nil }
        self.init(log.attributes, log.resource, events: [])
        guard call != nil, tokens != nil else { return nil }
        (trace, span, name) = (log.trace, log.span, event)
        startNanoseconds = log.nanoseconds
        readFirstToken(log.attributes, [])
        var carrier = Span()
        carrier.attributes = log.attributes
        carrier.status = log.attributes.value(.error) == nil ? .unset : .error
        readStatus(carrier)
        readContent(SpanContent(log.contents, [], room), isCut: log.isContentCut)
    }

    private init(_ attributes: Attributes, _ resource: Attributes, events: [Span.Event]) {
        role = SpanRole(attributes)
        model = attributes.text(.model) ?? ""
        served = attributes.text(.served) ?? ""
        provider = ProviderNames.id(attributes.text(.provider), models: [served, model])
        tokens = SpanTokens(attributes, provider: provider)
        finishReason = SpanReading.finishReason(attributes, events)
        user = attributes.text(.user) ?? ""
        prompt = attributes.text(.promptName) ?? ""
        promptVersion = prompt.isEmpty ? 0 : UInt32(clamping: attributes.count(.promptVersion) ?? 0)
        isStream = attributes.value(.stream)?.flag ?? SpanReading.saysStream(attributes)
        server = SpanReading.server(attributes)
        metadata = SpanMetadata.pairs(attributes, resource)
    }

    // MARK: Details

    /// A word, the first of a list, or that list as JSON.
    private static func finishReason(_ attributes: Attributes, _ events: [Span.Event]) -> String {
        let event = events.first { $0.name == ContentNames.choice }?.attributes[AttributeNames.choiceReason]
        switch attributes.value(.finishReason) ?? event {
        case .text(let text)?: return text.hasPrefix("[") ? SpanMetadata.texts(text).first ?? "" : text
        case .list(let elements)?: return elements.first?.text ?? ""
        default: return ""
        }
    }

    private static func saysStream(_ attributes: Attributes) -> Bool {
        if attributes["ai.operationId"]?.text?.hasSuffix(".doStream") == true { return true }
        return attributes.text(.invocation).map { SpanMetadata.pairs(json: $0).contains { $0 == ("stream", "true") } } ?? false
    }

    private mutating func readContent(_ content: SpanContent, isCut: Bool) {
        (asked, answered, isContentCut) = (content.asked, content.answered, isCut || content.isCut)
    }

    private mutating func readFirstToken(_ attributes: Attributes, _ events: [Span.Event]) {
        let seconds = attributes.value(.firstTokenSeconds)?.number ?? attributes.value(.firstTokenMilliseconds)?.number.map { $0 / 1000 }
        if let seconds {
            if seconds > 0, seconds < Double(OTLPLimits.durationNanoseconds) / 1e9 { firstTokenNanoseconds = UInt64(seconds * 1e9) }
        } else if let time = attributes.text(.firstTokenTime).flatMap({ SpanMetadata.nanoseconds($0) })
            ?? events.first(where: { $0.name == "First Token Stream Event" || $0.name == "ai.stream.firstChunk" })?.nanoseconds, startNanoseconds > 0
        {
            firstTokenNanoseconds = time > startNanoseconds ? min(time - startNanoseconds, OTLPLimits.durationNanoseconds) : 0
        }
        if firstTokenNanoseconds > 0 { isStream = true }
    }

    private mutating func readStatus(_ span: Span) {
        let attributes = span.attributes
        let isError = span.status == .error || attributes.text(.level)?.uppercased() == "ERROR"
        guard isError else { return }
        let exception = span.events.first { $0.name == "exception" }?.attributes
        let type = attributes.text(.error) ?? exception?.text(.error)
        // What a status says beside may have in it what was asked, or a key.
        error = type ?? "error"
        // `error.type` may be the status that was answered.
        let told = attributes.count(.httpStatus) ?? type.flatMap { Int64($0) }
        status = told.flatMap { (400...599).contains($0) ? UInt16($0) : nil } ?? 500
    }

    private static func server(_ attributes: Attributes) -> ServerAddress? {
        if let address = attributes.text(.serverAddress) { return ServerAddress(host: address, port: attributes.count(.serverPort)) }
        return attributes.text(.serverURL).flatMap { ServerAddress(url: $0) }
    }
}
