import Books
import Bytes
import JSON
import Ledger
import OTLP
import Providers

/// Makes records of what spans say: of a call of a model one like a request's, of anything else an observation.
struct SpanRecords {
    private let caller: Caller
    private let peer: String
    private let reports: any ReportedRecords
    private let now: UInt64
    /// Providers' hosts that are theirs alone, with their ids.
    private static let hosts: [String: String] = {
        let table = ProviderTable()
        var hosts: [String: String] = [:]
        for index in 0..<table.count where table[index].scheme == .https {
            let host = table[index].host.description
            if !host.isEmpty, hosts[host] == nil { hosts[host] = table[index].id.description }
        }
        return hosts
    }()

    /// Where this gateway is for who sends the spans.
    private let ownServer: ServerAddress?

    /// - Parameter reports: what knows the prices.
    init(_ call: Call, _ reports: any ReportedRecords) {
        caller = call.caller
        peer = call.request.peer
        self.reports = reports
        now = UInt64(max(0, call.now)) * 1_000_000
        ownServer = ServerAddress(url: call.request.origin)
    }

    /// - Parameter isOwn: whether it stands for a request of the gateway's own, whatever server it names.
    func record(_ reading: SpanReading, isOwn: Bool = false) -> RequestRecord {
        var record = RequestRecord()
        (record.trace, record.span, record.parentSpan, record.spanName) = (reading.trace, reading.span, reading.parent, reading.name)
        record.organisation = caller.key.head.organisationID
        record.workspace = caller.workspaceOfRequests
        record.key = caller.nameOfRequests
        record.keyName = caller.key.name
        record.peer = peer
        // Clients of one provider's API ask others with it, and their spans say its name all the same.
        record.provider = reading.server.flatMap { $0.isUsual ? SpanRecords.hosts[$0.host] : nil } ?? reading.provider
        (record.model, record.served) = (reading.model, reading.served)
        record.finishReason = reading.finishReason
        record.user = reading.user
        (record.prompt, record.figures.promptVersion) = (reading.prompt, reading.promptVersion)
        record.error = reading.error
        record.figures.status = reading.status
        record.figures.totalNanoseconds = reading.durationNanoseconds
        record.figures.firstTokenNanoseconds = reading.firstTokenNanoseconds
        record.figures.flags.insert(.reported)
        if reading.isStream { record.figures.flags.insert(.stream) }
        noteMetadata(reading, &record)
        noteTime(reading, &record)
        // What went through this gateway has a record of its own, with its cost.
        if let call = reading.call, !isOwn, !isHere(reading.server) {
            note(call, reading, &record)
        } else {
            record.figures.flags.insert(.observation)
            record.kind = reading.kind
            record.endpoint = Endpoint.other.word.description
        }
        return record
    }

    /// What was asked and answered; nil where nothing is said of it, or nothing is kept. It is no message of HTTP, and has no head.
    static func bodies(_ reading: SpanReading) -> KeptBodies? {
        func message(_ body: [UInt8]) -> KeptMessage? {
            guard !body.isEmpty || reading.isContentCut else { return nil }
            var message = KeptMessage()
            message.body = body
            return message
        }
        var kept = KeptBodies()
        (kept.request, kept.answer) = (message(reading.asked), message(reading.answered))
        // Which of the two it was is not known; one that is empty may have been passed over whole.
        if reading.isContentCut { kept.flags = [.requestCut, .answerCut] }
        return kept.request == nil && kept.answer == nil ? nil : kept
    }

    /// Whether a call went to where this gateway is.
    func isHere(_ server: ServerAddress?) -> Bool {
        guard let server, let ownServer else { return false }
        return server.isSame(as: ownServer)
    }

    /// A span's own time, within an hour of being told of; its id is made of the day of its start and of the span, so that what is sent again is the same
    /// record. The time itself is not in it: an event that tells of its span has the span's end.
    private func noteTime(_ reading: SpanReading, _ record: inout RequestRecord) {
        let start = reading.startNanoseconds > 0 ? reading.startNanoseconds : now - min(now, reading.durationNanoseconds)
        let wall = min(max(start, now - min(now, ConsoleLimits.spanAgeNanoseconds)), now)
        record.figures.wallNanoseconds = wall
        // Rows are looked for on the day of their ids and on the next: what began before yesterday, or is still to come, has that on which it is told of.
        let (began, today) = (start / SpanRecords.dayNanoseconds, now / SpanRecords.dayNanoseconds)
        let day = began == today || began + 1 == today ? began : today
        // An event without a time is one of many.
        guard !reading.span.isEmpty || reading.startNanoseconds > 0 else { return }
        let whose = [caller.key.head.organisationID, record.workspace, record.key, reading.trace]
        let name = (whose + (reading.span.isEmpty ? SpanRecords.words(of: reading) + [record.metadata] : [reading.span])).joined(separator: "\n")
        record.figures.identifier = Array(name.utf8).withByteSlice {
            Identifier(naming: $0, wallNanoseconds: day * SpanRecords.dayNanoseconds)
        }
    }

    private static let dayNanoseconds: UInt64 = 86_400_000_000_000

    /// What an event says, which belongs to no span.
    private static func words(of reading: SpanReading) -> [String] {
        let tokens = reading.tokens ?? SpanTokens()
        let counts = [
            tokens.input, tokens.cacheRead, tokens.cacheWrite5m, tokens.cacheWrite1h, tokens.audioInput, tokens.output, tokens.reasoning, tokens.audioOutput,
        ]
        let texts = [reading.name, reading.provider, reading.model, reading.served, reading.user, reading.finishReason, reading.error]
        return ["", "\(reading.startNanoseconds)"] + texts + counts.map { "\($0)" }
    }

    /// As much as a record has room for.
    private func noteMetadata(_ reading: SpanReading, _ record: inout RequestRecord) {
        var members: [(String, DocumentNode)] = []
        var byteCount = 2
        for pair in reading.metadata {
            let value = SpanRecords.cut(pair.value)
            // As JSON it is no shorter.
            var end = byteCount + pair.name.utf8.count + value.utf8.count
            let member = (pair.name, DocumentNode.text(value))
            if end <= BooksLimits.metadataByteCount { end = byteCount + DocumentNode.object([member]).json.count }
            if end > BooksLimits.metadataByteCount {
                record.figures.flags.insert(.metadataLeftOut)
            } else {
                byteCount = end
                members.append(member)
            }
        }
        if !members.isEmpty { record.metadata = DocumentNode.object(members).jsonText }
    }

    /// A value as long as one may be: first by its Unicode scalars, for one character may have thousands.
    private static func cut(_ value: String) -> String {
        guard value.utf8.count > BooksLimits.metadataValueCount else { return value }
        return String(Substring(value.unicodeScalars.prefix(8 * BooksLimits.metadataValueCount)).prefix(BooksLimits.metadataValueCount))
    }

    private func note(_ call: SpanRole.Call, _ reading: SpanReading, _ record: inout RequestRecord) {
        let endpoint: Endpoint =
            switch call {
            case .chat: .chatCompletions
            case .completion: .completions
            case .embedding: .embeddings
            }
        record.endpoint = endpoint.word.description
        record.method = "POST"
        record.figures.attempts = 1
        guard let tokens = reading.tokens else {
            if record.isSuccess { record.figures.flags.insert(.unpriced) } else { record.figures.cost = 0 }
            return
        }
        record.figures.usage = Usage(tokens)
        record.figures.flags.insert(.counted)
        let models = [record.served, record.model].filter { !$0.isEmpty }
        guard let found = reports.cost(of: record.figures.usage, provider: record.provider, models: models) else {
            record.figures.flags.insert(.unpriced)
            return
        }
        (record.figures.cost, record.priceBook) = (found.nanodollars, found.priceBook)
    }
}

extension Usage {
    fileprivate init(_ tokens: SpanTokens) {
        self.init()
        func bounded(_ count: Int64) -> Int64 { min(max(0, count), Providers.Limits.tokenCount) }
        input = bounded(tokens.input)
        cachedRead = bounded(tokens.cacheRead)
        cacheWrite5m = bounded(tokens.cacheWrite5m)
        cacheWrite1h = bounded(tokens.cacheWrite1h)
        audioInput = bounded(tokens.audioInput)
        output = bounded(tokens.output)
        reasoning = bounded(tokens.reasoning)
        audioOutput = bounded(tokens.audioOutput)
    }
}
