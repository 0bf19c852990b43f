import Bytes
import JSON
import Ledger
import Policy
import Providers

/// The most that a request may come to, in tokens, as it goes to one target.
///
/// A text has at most as many tokens as bytes; media is counted by `MediaTokens`; an answer ends at the request's limit, or else at its model's.
struct RequestBound: BitwiseCopyable {
    /// Members of a request that limit its answer.
    enum LimitMember: UInt8, CaseIterable {
        case maxTokens, maxCompletionTokens, maxOutputTokens

        var name: StaticString {
            switch self {
            case .maxTokens: "max_tokens"
            case .maxCompletionTokens: "max_completion_tokens"
            case .maxOutputTokens: "max_output_tokens"
            }
        }
    }

    var inputTokens: Int64 = 0
    /// Of each answer; nil where nothing bounds it.
    var outputTokens: Int64?
    /// Answers that are asked for.
    var choices: Int64 = 1
    /// Whether its answers are made of tokens that a member can limit.
    var isLimitable = false
    /// Members that the request has, one bit each by raw value.
    var limitMembers: UInt8 = 0
    /// Classes of tokens it can come to.
    var classes = TokenClassSet.all
    /// Whether what it costs is known by tokens at all.
    var isPricedByToken = false
    /// The largest limit that its provider surely takes.
    var acceptedLimit: Int64 = 0
    /// What each answer is cut to, where a budget has no more; 0 for nothing.
    var cutTo: Int64 = 0

    /// All answers together, with what each may be cut to.
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
    var isCharged: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .countTokens, .responses, .imagesGenerations, .imagesEdits, .audioSpeech,
            .audioTranscriptions, .audioTranslations, .moderations, .rerank, .realtime, .batches, .fineTuning, .other:
            true
        case .models, .files, .health, .ready, .metrics, .operatorTargets, .operatorReload, .operatorCache, .admin, .unknown: false
        }
    }

    /// Whether providers charge nothing for it.
    fileprivate var isFree: Bool { self == .countTokens || self == .moderations }

    /// The member that limits its answers where a request has none; nil where there is none.
    fileprivate var limitMember: RequestBound.LimitMember? {
        switch self {
        case .chatCompletions, .completions, .messages: .maxTokens
        case .responses: .maxOutputTokens
        default: nil
        }
    }
}

extension Exchange {
    /// What the request may come to at the plan's target.
    /// - Precondition: `worker.scan` holds the exchange's body where the body is one that is read.
    func bound(_ plan: Plan) -> RequestBound {
        var bound = RequestBound()
        guard readsBody else { return bound }
        if endpoint.isFree {
            bound.isPricedByToken = true
            bound.outputTokens = 0
            bound.classes = []
            return bound
        }
        let text = worker.scan.text
        var media = MediaTokens()
        media.count(text)
        bound.inputTokens = Int64(text.count) - media.byteCount + media.tokens
        bound.classes = TokenClassSet.all.subtracting(worker.rareClasses(in: text))
        bound.isPricedByToken = endpoint.limitMember != nil || endpoint == .embeddings
        bound.outputTokens = 0
        guard endpoint.limitMember != nil else { return bound }
        bound.isLimitable = true
        bound.outputTokens = nil
        readLimits(plan, into: &bound)
        return bound
    }

    /// Reads limits and number of answers from the body, and from what the config lays over it.
    private func readLimits(_ plan: Plan, into bound: inout RequestBound) {
        guard (try? worker.accounts.limitScan.scan(worker.scan.text)) != nil else { return }
        var counts: (Int64, Int64) = (1, 1)
        func note(_ name: ByteSlice, _ value: ByteSlice, isOverride: Bool) {
            if name == "n" { counts.0 = value.decimal ?? 1 }
            if name == "best_of" { counts.1 = value.decimal ?? 1 }
            for member in RequestBound.LimitMember.allCases where name == member.name {
                bound.limitMembers |= 1 << member.rawValue
                guard let limit = value.decimal, limit >= 0 else { continue }
                // Of two limits a provider may take either.
                bound.outputTokens = isOverride ? limit : max(limit, bound.outputTokens ?? 0)
            }
        }
        for name in ["n", "best_of", "max_tokens", "max_completion_tokens", "max_output_tokens"] as [StaticString] {
            guard let member = worker.accounts.limitScan.member(name) else { continue }
            note(ByteSlice(name), worker.scan.text[member.value], isOverride: false)
        }
        let program = plan.route.program
        for override in program.overrides(plan.destination.overrides) {
            note(program.bytes(override.name), program.bytes(override.value), isOverride: true)
            bound.inputTokens += Int64(override.value.count)
        }
        bound.choices = max(1, counts.0, counts.1)
    }

    /// Limits each answer as its budget has it: in the members the request has, else in the one that its endpoint and target take.
    /// - Precondition: `worker.splice` edits what `worker.scan` has scanned.
    func cutAnswer(_ plan: Plan) throws(SpliceError) {
        guard let bound = attempt.spending?.bound, bound.cutTo > 0 else { return }
        var writer = ByteWriter(worker.accounts.limitText, capacity: AccountLimits.limitTextByteCount)
        writer.append(decimal: UInt64(clamping: bound.cutTo))
        for member in RequestBound.LimitMember.allCases where bound.limitMembers >> member.rawValue & 1 == 1 {
            try worker.splice.set(member.name, writer.written, in: worker.scan)
        }
        if bound.limitMembers == 0 { try worker.splice.set(limitName(plan.destination), writer.written, in: worker.scan) }
    }

    /// OpenAI's newest models take `max_completion_tokens` alone; others know the older name, or say what they call it.
    private func limitName(_ destination: Destination) -> StaticString {
        guard endpoint == .chatCompletions else { return endpoint.limitMember?.name ?? "max_tokens" }
        let row = destination.upstream.row
        // Another host that speaks like it need not know the newer name.
        return row.limitsCompletions && destination.upstream.id == row.id.description ? "max_completion_tokens" : "max_tokens"
    }
}
