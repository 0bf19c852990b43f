/// The counts of one usage object as its provider wrote them, and the way to the normal form. Whoever reads it has it in place: what reads is mutating,
/// so that its 240 bytes are not copied to be read.
struct ReportedUsage {
    /// The members that are read, under all their names.
    enum Count: Int {
        case prompt, completion, total, cached, cacheWrite, cacheWrite5m, cacheWrite1h, reasoning
        case audioInput, audioOutput, imageInput, imageOutput
        /// Of the cached part of the prompt what is sound, and what pictures.
        case cachedAudio, cachedImage
        /// Gemini's: results of its own tools, which it read beside the prompt.
        case toolUse
        /// Perplexity's: what its searches found, which it read beside the prompt. Mistral's: seconds of sound.
        case citations, audioSeconds
        /// Anthropic's: what it took to sum up a conversation that had become too long.
        case compactionInput, compactionCached, compactionWrite5m, compactionWrite1h, compactionOutput
        /// What another model took that it was advised by.
        case adviceInput, adviceCached, adviceWrite5m, adviceWrite1h, adviceOutput
        /// What is no token: searches of the web.
        case webSearches
        /// The number last seen in a list of details; belongs to no sum.
        case modality
    }

    /// Which counts the provider has said, a bit each by its place: the others are not looked at, and of what is said of 29 most say three.
    private var said: UInt32 = 0
    private var counts = InlineArray<29, Int64>(repeating: 0)

    /// Whether this says anything about tokens; `{}` and a duration in seconds do not.
    var isMeaningful: Bool {
        mutating get { said & ReportedUsage.meaningful != 0 }
    }

    private static let meaningful = bit(.prompt) | bit(.completion) | bit(.total)

    @inline(__always)
    private static func bit(_ count: Count) -> UInt32 { 1 << UInt32(count.rawValue) }

    mutating func has(_ count: Count) -> Bool { said & ReportedUsage.bit(count) != 0 }

    mutating func value(_ count: Count) -> Int64 { has(count) ? counts[count.rawValue] : 0 }

    /// Notes `number`, which is not negative. Of two statements the larger stands: the same count comes under two names
    /// (DeepSeek), and counts of a stream are cumulative, at times with zeros in between.
    mutating func note(_ count: Count, _ number: Int64) { set(count, to: max(value(count), number)) }

    /// Adds `number` to what was noted.
    mutating func add(_ count: Count, _ number: Int64) { set(count, to: min(value(count) + number, Limits.tokenCount)) }

    @inline(__always)
    private mutating func set(_ count: Count, to number: Int64) {
        counts[count.rawValue] = number
        said |= ReportedUsage.bit(count)
    }

    mutating func removeAll() { said = 0 }

    mutating func forget(_ count: Count) { said &= ~ReportedUsage.bit(count) }

    /// Becomes what `other` says. In place, as the next: only what is said is read.
    mutating func take(_ other: inout ReportedUsage) {
        removeAll()
        merge(&other)
    }

    /// Notes all that `later` says.
    mutating func merge(_ later: inout ReportedUsage) {
        var rest = later.said
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            counts[index] = max(said & 1 << UInt32(index) != 0 ? counts[index] : 0, later.counts[index])
            rest &= rest - 1
        }
        said |= later.said
    }

    /// Where turns of Anthropic's are noted that the totals beside them leave out.
    typealias Apart = InlineArray<5, Count>

    static var compaction: Apart { [.compactionInput, .compactionCached, .compactionWrite5m, .compactionWrite1h, .compactionOutput] }
    static var advice: Apart { [.adviceInput, .adviceCached, .adviceWrite5m, .adviceWrite1h, .adviceOutput] }

    /// Adds a turn that the totals beside it leave out.
    mutating func add(_ turn: inout ReportedUsage, to counts: Apart) {
        let usage = turn.fromAnthropic()
        add(counts[0], usage.input)
        add(counts[1], usage.cachedRead)
        add(counts[2], usage.cacheWrite5m)
        add(counts[3], usage.cacheWrite1h)
        add(counts[4], usage.output + usage.reasoning)
    }

    /// What of the normal form another model took; nil where none was asked.
    var advice: Usage? {
        mutating get { has(.adviceInput) ? apart(ReportedUsage.advice) : nil }
    }

    private mutating func apart(_ counts: Apart) -> Usage {
        var usage = Usage()
        usage.input = value(counts[0])
        usage.cachedRead = value(counts[1])
        usage.cacheWrite5m = value(counts[2])
        usage.cacheWrite1h = value(counts[3])
        usage.output = value(counts[4])
        return usage
    }

    /// The normal form of what an upstream of `dialect` said.
    mutating func normalised(_ dialect: Dialect) -> Usage {
        var usage =
            switch dialect {
            case .openAI: fromOpenAI()
            case .anthropic, .bedrock: fromAnthropic()
            case .gemini: fromGemini()
            }
        usage.webSearches = value(.webSearches)
        return usage
    }

    private static func sum(_ first: Int64, _ second: Int64) -> Int64 { min(first + second, Limits.tokenCount) }

    private static func add(_ turns: Usage, to usage: inout Usage) {
        usage.input = sum(usage.input, turns.input)
        usage.cachedRead = sum(usage.cachedRead, turns.cachedRead)
        usage.cacheWrite5m = sum(usage.cacheWrite5m, turns.cacheWrite5m)
        usage.cacheWrite1h = sum(usage.cacheWrite1h, turns.cacheWrite1h)
        usage.output = sum(usage.output, turns.output)
    }

    /// `input_tokens` leaves the cache out; the write's total and its split may both be there.
    ///
    /// With server tools the split of `message_start` covers the first turn only, while
    /// `message_delta` has the total of all: the rest goes to the dearer kind if any was seen, so
    /// that a stream is never charged below what it cost.
    private mutating func fromAnthropic() -> Usage {
        var usage = Usage()
        usage.input = value(.prompt)
        usage.cachedRead = value(.cached)
        usage.cacheWrite5m = value(.cacheWrite5m)
        usage.cacheWrite1h = value(.cacheWrite1h)
        let unsplit = max(0, value(.cacheWrite) - usage.cacheWrite5m - usage.cacheWrite1h)
        if usage.cacheWrite1h > 0 { usage.cacheWrite1h += unsplit } else { usage.cacheWrite5m += unsplit }
        usage.reasoning = min(value(.reasoning), value(.completion))
        usage.output = value(.completion) - usage.reasoning
        if has(.compactionInput) { ReportedUsage.add(apart(ReportedUsage.compaction), to: &usage) }
        if let advice { ReportedUsage.add(advice, to: &usage) }
        return usage
    }

    /// OpenAI counts cached tokens, sound and pictures inside `prompt_tokens`, reasoning, sound and pictures inside
    /// `completion_tokens`. Hosts that leave some out betray it by a larger `total_tokens`, or, where they tell none, by a part that is larger than its
    /// whole; beside a total that is the sum of both such a part is taken for no more than its whole.
    private mutating func fromOpenAI() -> Usage {
        var write1h = value(.cacheWrite1h)
        var write5m = max(value(.cacheWrite5m), value(.cacheWrite) - write1h)
        let cache = value(.cached) + write5m + write1h
        var (prompt, completion) = (value(.prompt), value(.completion))
        var (audio, reasoning) = (value(.audioInput), value(.reasoning))
        let hasTotal = value(.total) > 0
        let excess = hasTotal ? max(0, value(.total) - prompt - completion) : 0
        if !has(.prompt), !has(.completion) {
            // Rerank and some embeddings hosts give the total alone.
            prompt = value(.total)
        } else if has(.citations) {
            // Perplexity's totals have neither what it has read nor what it thought.
            prompt += value(.citations)
            completion += reasoning
        } else if excess > 0, value(.audioSeconds) > 0 {
            // Mistral's prompt is its text.
            prompt += excess
            audio = max(audio, excess)
        } else if excess > 0, excess == cache {
            prompt += cache
        } else if excess > 0, excess == cache + reasoning {
            prompt += cache
            completion += reasoning
        } else if excess > 0 {
            // xAI and Gemini leave thinking out of `completion_tokens`, the latter without saying so.
            completion += excess
            reasoning = max(reasoning, excess)
        } else if !hasTotal, reasoning > completion {
            completion += reasoning
        }
        if !hasTotal, cache > prompt { prompt += cache }
        write1h = min(write1h, prompt)
        write5m = min(write5m, prompt - write1h)

        var usage = Usage()
        usage.cachedRead = min(value(.cached), prompt - write1h - write5m)
        usage.cacheWrite5m = write5m
        usage.cacheWrite1h = write1h
        readInputs(of: min(prompt - usage.cachedRead - write5m - write1h, Limits.tokenCount), audio: audio, &usage)
        readOutputs(of: min(completion, Limits.tokenCount), &usage)
        usage.reasoning = min(reasoning, usage.output)
        usage.output -= usage.reasoning
        return usage
    }

    /// `promptTokenCount` includes the cached part, and each modality in both; `candidatesTokenCount` leaves thoughts out.
    /// - Source: ai.google.dev/api/generate-content#UsageMetadata
    private mutating func fromGemini() -> Usage {
        var usage = Usage()
        guard has(.prompt) || has(.completion) else {
            usage.input = value(.total)
            return usage
        }
        usage.cachedRead = value(.cached)
        readInputs(of: max(0, value(.prompt) - value(.cached)), audio: value(.audioInput), &usage)
        usage.input = ReportedUsage.sum(usage.input, value(.toolUse))
        readOutputs(of: value(.completion), &usage)
        // Some answers name their thoughts in the total only.
        let told = value(.prompt) + value(.toolUse) + value(.completion) + value(.reasoning)
        usage.reasoning = ReportedUsage.sum(value(.reasoning), max(0, value(.total) - told))
        return usage
    }

    /// Takes the prompt's parts apart: no part is larger than what is left of its whole.
    ///
    /// - Parameter fresh: what neither came from the cache nor was written to it.
    private mutating func readInputs(of fresh: Int64, audio: Int64, _ usage: inout Usage) {
        usage.audioCached = min(value(.cachedAudio), usage.cachedRead)
        usage.imageCached = min(value(.cachedImage), usage.cachedRead - usage.audioCached)
        usage.cachedRead -= usage.audioCached + usage.imageCached
        usage.audioInput = min(max(0, audio - usage.audioCached), fresh)
        usage.imageInput = min(max(0, value(.imageInput) - usage.imageCached), fresh - usage.audioInput)
        usage.input = fresh - usage.audioInput - usage.imageInput
    }

    private mutating func readOutputs(of completion: Int64, _ usage: inout Usage) {
        usage.audioOutput = min(value(.audioOutput), completion)
        usage.imageOutput = min(value(.imageOutput), completion - usage.audioOutput)
        usage.output = completion - usage.audioOutput - usage.imageOutput
    }
}
