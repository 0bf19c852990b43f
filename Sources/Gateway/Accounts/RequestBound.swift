import Bytes
import HTTP
import JSON
import Ledger
import Policy
import Providers

/// The most that a request may come to, in tokens, as it goes to one target.
///
/// A text has at most as many tokens as bytes; media is counted by `MediaTokens`; an answer ends at the request's limit, or else at its model's.
struct RequestBound: BitwiseCopyable {
    /// Members of a request that limit its answer, by index.
    static let limitNames: InlineArray<3, StaticString> = ["max_tokens", "max_completion_tokens", "max_output_tokens"]

    /// What bounds a request is told by, and at what terms it is served (`AskedTier`).
    static let names: [StaticString] = [
        "n", "best_of", "max_tokens", "max_completion_tokens", "max_output_tokens", "service_tier", "speed", "prompt", "background", "reasoning_effort",
        "thinking", "tools",
    ]

    var inputTokens: Int64 = 0
    /// Of each answer; nil where nothing bounds it.
    var outputTokens: Int64?
    /// Answers that are asked for.
    var choices: Int64 = 1
    /// Whether its answers are made of tokens that a member can limit.
    var isLimitable = false
    /// Which of `limitNames` the request has, one bit each.
    var limitMembers: UInt8 = 0
    /// Classes of tokens it can come to; all, unless it matters which.
    var classes = TokenClassSet.all
    /// Whether what it costs is known by tokens at all.
    var isPricedByToken = false
    /// Whether its provider goes on when nobody waits.
    var goesOnAlone = false
    /// The largest limit that its provider surely takes.
    var acceptedLimit: Int64 = 0
    /// What each answer is cut to, where a budget has no more; 0 for nothing.
    var cutTo: Int64 = 0

    /// All answers together, of the length that one may have.
    func outputTotal(_ each: Int64) -> Int64 {
        let (total, overflowed) = each.multipliedReportingOverflow(by: choices)
        return overflowed ? .max : total
    }

    func tokens(_ each: Int64) -> Int64 {
        let (total, overflowed) = inputTokens.addingReportingOverflow(outputTotal(each))
        return overflowed ? .max : total
    }
}

extension Endpoint {
    /// Whether a request for it makes a provider work. Who only collects what is there already is let through by exhausted budgets, too.
    fileprivate var isCharged: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .countTokens, .responses, .imagesGenerations, .imagesEdits, .audioSpeech,
            .audioTranscriptions, .audioTranslations, .moderations, .rerank, .realtime, .batches, .fineTuning, .other:
            true
        case .models, .files, .promptRender, .promptCompletions, .health, .ready, .metrics, .operatorTargets, .operatorReload, .operatorCache, .admin,
            .unknown:
            false
        }
    }

    /// Whether providers charge nothing for it.
    var isFree: Bool { self == .countTokens || self == .moderations }

    /// Which of `RequestBound.limitNames` limit its answers, one bit each; the lowest is to be set where a request has none.
    fileprivate var limitMembers: UInt8 {
        switch self {
        case .chatCompletions: 0b011
        case .completions, .messages: 0b001
        case .responses: 0b100
        default: 0
        }
    }
}

extension Exchange {
    /// Whether the request is one that costs something.
    var isCharged: Bool {
        guard endpoint.isCharged else { return false }
        switch request.method {
        case .get, .head, .delete, .options: return endpoint == .realtime
        default:
            let path = request.path(in: client?.unread ?? ByteSlice(""))
            return path.count < 7 || !(path.dropFirst(path.count - 7) == "/cancel")
        }
    }

    /// What the request may come to at the plan's target.
    /// - Precondition: `worker.scan` holds the exchange's body where the body is one that is read.
    func bound(_ plan: Plan, _ spending: Spending) throws(Rejection) {
        var bound = RequestBound()
        defer { spending.bound = bound }
        guard readsBody else { return }
        if endpoint.isFree {
            bound.isPricedByToken = true
            bound.outputTokens = 0
            bound.classes = []
            return
        }
        let text = worker.scan.text
        var media = MediaTokens()
        if TypedParts.mayBe(in: text) { media.count(text) }
        bound.inputTokens = Int64(text.count)
        forEachOverride(plan) { _, value in
            media.count(value)
            bound.inputTokens += Int64(value.count)
        }
        bound.inputTokens += media.tokens - media.byteCount
        bound.isLimitable = endpoint.limitMembers != 0
        bound.isPricedByToken = bound.isLimitable || endpoint == .embeddings
        bound.outputTokens = bound.isLimitable ? nil : 0
        if bound.isPricedByToken { try readMembers(plan, spending, into: &bound) }
    }

    /// Leaves out of the bound what the request cannot come to, for a model that charges more for it: sound, images and what is written into its provider's
    /// cache, all of which a request has to name.
    /// - Precondition: as `bound`.
    func narrowClasses(_ plan: Plan, _ spending: Spending) {
        var absent = BoundWords(in: worker.scan.text, &worker.accounts.scratch).absentClasses
        forEachOverride(plan) { name, value in
            absent.formIntersection(BoundWords(in: value, &worker.accounts.scratch).absentClasses)
            if name == "modalities" || name == "model" { absent = [] }
        }
        // What serves under another name than the request's may be for sound or images all the same.
        if let own = plan.destination.ownModel { absent.formIntersection(BoundWords(in: own.slice, &worker.accounts.scratch).absentClasses) }
        spending.bound.classes.subtract(absent)
    }

    /// Lends the name and the value of each member that the config lays over the body.
    func forEachOverride(_ plan: Plan, _ body: (ByteSlice, ByteSlice) -> Void) {
        guard plan.destination.overrides.count > 0 else { return }
        let program = plan.route.program
        for override in program.overrides(plan.destination.overrides) { body(program.bytes(override.name), program.bytes(override.value)) }
    }

    /// Reads limits and the number of answers from the body, and from what the config lays over it.
    private func readMembers(_ plan: Plan, _ spending: Spending, into bound: inout RequestBound) throws(Rejection) {
        var members = BoundMembers()
        if !readScanned(into: &members) { try scanMembers(into: &members) }
        forEachOverride(plan) { members.take($0, $1) }
        guard let choices = members.choices(of: endpoint) else {
            throw Rejection(.invalidBody, "how many answers are asked for must be a whole number: a budget is to be kept", parameter: "n")
        }
        bound.choices = choices
        bound.limitMembers = members.present & endpoint.limitMembers
        for index in 0..<3 where bound.limitMembers >> UInt8(index) & 1 == 1 {
            // Of two limits a provider may take either; what is no number it may pass over.
            if let limit = members.limits[index] { bound.outputTokens = max(limit, bound.outputTokens ?? 0) }
        }
        if members.hasTools { bound.inputTokens += AccountLimits.toolTokens }
        bound.goesOnAlone = members.isBackground
        // Said in another dialect, what is to be thought may take a limit away, or add to it.
        if members.thinks, translation(to: plan.destination) != nil {
            bound.outputTokens = nil
            bound.isLimitable = false
        }
    }

    /// Reads the members that the worker's scan has recorded; false where it may have missed one.
    private func readScanned(into members: inout BoundMembers) -> Bool {
        guard !worker.scan.overflowed else { return false }
        for index in 0..<worker.scan.count {
            let member = worker.scan[index]
            if member.keyHasEscapes { return false }
            members.take(worker.scan.text[member.key], worker.scan.text[member.value])
        }
        return true
    }

    private func scanMembers(into members: inout BoundMembers) throws(Rejection) {
        let text = worker.scan.text
        do throws(JSONError) {
            try worker.accounts.limitScan.scan(text)
        } catch {
            throw Rejection(.invalidJSON, "the request body is not a JSON object: \(error)")
        }
        for name in RequestBound.names {
            if let member = worker.accounts.limitScan.member(name) { members.take(ByteSlice(name), text[member.value]) }
        }
    }

    /// Limits each answer as its budget has it: in the members the request has, else in the one that its endpoint and target take.
    /// - Precondition: `worker.splice` edits what `worker.scan` has scanned.
    func cutAnswer(_ plan: Plan) throws(SpliceError) {
        guard let spending = attempt.spending, spending.bound.cutTo > 0 else { return }
        let bound = spending.bound
        var writer = ByteWriter(spending.limitText, capacity: AccountLimits.limitTextByteCount)
        writer.append(decimal: UInt64(clamping: bound.cutTo))
        for index in 0..<3 where bound.limitMembers >> UInt8(index) & 1 == 1 {
            try worker.splice.set(RequestBound.limitNames[index], writer.written, in: worker.scan)
        }
        if bound.limitMembers == 0 { try worker.splice.set(limitName(plan.destination), writer.written, in: worker.scan) }
    }

    /// OpenAI's newest models take `max_completion_tokens` alone; others know the older name, or say what they call it.
    private func limitName(_ destination: Destination) -> StaticString {
        let usual = RequestBound.limitNames[min(2, endpoint.limitMembers.trailingZeroBitCount)]
        let row = destination.upstream.row
        // Another host that speaks like it need not know the newer name.
        guard endpoint == .chatCompletions, row.limitsCompletions, destination.upstream.id == row.id.description else { return usual }
        return "max_completion_tokens"
    }
}

/// The members that a request's bound is told by, as they will be sent: the last word of each.
private struct BoundMembers {
    /// By `RequestBound.limitNames`; nil for what is no whole number from 1 on.
    var limits = InlineArray<3, Int64?>(repeating: nil)
    /// Which there are, one bit each.
    var present: UInt8 = 0
    private var answers: Int64? = 1
    private var best: Int64? = 1
    private var prompts: Int64 = 1
    var hasTools = false
    var thinks = false
    var isBackground = false

    /// How many answers there will be; nil where that cannot be told.
    func choices(of endpoint: Endpoint) -> Int64? {
        guard let answers, let best else { return nil }
        let each = max(answers, best)
        let (all, overflowed) = each.multipliedReportingOverflow(by: endpoint == .completions ? max(1, prompts) : 1)
        return overflowed ? AccountLimits.largestNumber : min(all, AccountLimits.largestNumber)
    }

    mutating func take(_ name: ByteSlice, _ value: ByteSlice) {
        for index in 0..<3 where name == RequestBound.limitNames[index] {
            present |= 1 << UInt8(index)
            limits[index] = BoundMembers.number(value)
        }
        let isSomething = !(value == "null" || value == "false")
        switch name {
        case _ where name == "n": answers = isSomething ? BoundMembers.number(value) : 1
        case _ where name == "best_of": best = isSomething ? BoundMembers.number(value) : 1
        case _ where name == "tools": hasTools = isSomething
        case _ where name == "thinking" || name == "reasoning_effort": thinks = isSomething
        case _ where name == "background": isBackground = isSomething
        case _ where name == "prompt": prompts = BoundMembers.count(value)
        default: break
        }
    }

    private static func number(_ value: ByteSlice) -> Int64? {
        guard let number = value.decimal, number > 0 else { return nil }
        return min(number, AccountLimits.largestNumber)
    }

    /// Prompts in an array of texts or of token arrays; an array of tokens is one.
    private static func count(_ value: ByteSlice) -> Int64 {
        guard let view = JSONView(value), view.kind == .array else { return 1 }
        var count: Int64 = 0
        for element in view.elements where element.kind == .string || element.kind == .array { count += 1 }
        return max(1, count)
    }
}
