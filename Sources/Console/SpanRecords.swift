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
    private let ownServer: String

    /// - Parameter reports: what knows the prices.
    init(_ call: Call, _ reports: any ReportedRecords) {
        caller = call.caller
        peer = call.request.peer
        self.reports = reports
        now = UInt64(max(0, call.now)) * 1_000_000
        ownServer = SpanReading.authority(call.request.origin)
    }

    func record(_ reading: SpanReading) -> RequestRecord {
        var record = RequestRecord()
        (record.trace, record.span, record.parentSpan, record.spanName) = (reading.trace, reading.span, reading.parent, reading.name)
        record.organisation = caller.key.head.organisationID
        record.workspace = caller.workspaceOfRequests
        record.key = caller.nameOfRequests
        record.keyName = caller.key.name
        record.peer = peer
        // Clients of one provider's API ask others with it, and their spans say its name all the same.
        record.provider = SpanRecords.hosts[reading.server] ?? reading.provider
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
        noteTime(reading, &record)
        noteMetadata(reading, &record)
        // What went through this gateway has a record of its own, with its cost.
        if let call = reading.call, reading.server.isEmpty || reading.server != ownServer {
            note(call, reading, &record)
        } else {
            record.figures.flags.insert(.observation)
            record.kind = reading.kind
            record.endpoint = Endpoint.other.word.description
        }
        return record
    }

    /// A span's own time, within an hour of being told of; its id is made of it and of the span, so that what is sent again is the same record.
    private func noteTime(_ reading: SpanReading, _ record: inout RequestRecord) {
        let start = reading.startNanoseconds > 0 ? reading.startNanoseconds : now - min(now, reading.durationNanoseconds)
        let wall = min(max(start, now - min(now, ConsoleLimits.spanAgeNanoseconds)), now)
        record.figures.wallNanoseconds = wall
        let name = [caller.key.head.organisationID, record.workspace, record.key, reading.trace, reading.span].joined(separator: "\n")
        // An event that belongs to no span is one of many.
        guard !reading.span.isEmpty else { return }
        record.figures.identifier = Array(name.utf8).withByteSlice { Identifier(naming: $0, wallNanoseconds: wall) }
    }

    /// As much as a record has room for.
    private func noteMetadata(_ reading: SpanReading, _ record: inout RequestRecord) {
        var members: [(String, DocumentNode)] = []
        var byteCount = 2
        for pair in reading.metadata {
            let member = (pair.name, DocumentNode.text(String(pair.value.prefix(BooksLimits.metadataValueCount))))
            let memberByteCount = DocumentNode.object([member]).json.count
            if byteCount + memberByteCount > BooksLimits.metadataByteCount {
                record.figures.flags.insert(.metadataLeftOut)
            } else {
                byteCount += memberByteCount
                members.append(member)
            }
        }
        if !members.isEmpty { record.metadata = DocumentNode.object(members).jsonText }
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
        (record.figures.cost, record.priceBook) = found
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
