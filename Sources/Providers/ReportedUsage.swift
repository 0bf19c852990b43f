/// The counts of one usage object as its provider wrote them, and the way to the normal form.
struct ReportedUsage {
    /// The members that are read, under all their names.
    enum Count: Int {
        case prompt, completion, total, cached, cacheWrite, cacheWrite5m, cacheWrite1h, reasoning
        case audioInput, audioOutput
        /// Gemini's: results of its own tools, which it read beside the prompt, and sound in the cached part of the prompt.
        case toolUse, cachedAudio
        /// The number last seen in one of Gemini's lists of details, or of Bedrock's; belongs to no sum.
        case modality
    }

    /// One slot a `Count`; negative while the provider has not said.
    private var counts = InlineArray<13, Int64>(repeating: -1)

    /// Whether this says anything about tokens; `{}` and a duration in seconds do not.
    var isMeaningful: Bool { has(.prompt) || has(.completion) || has(.total) }

    func has(_ count: Count) -> Bool { counts[count.rawValue] >= 0 }

    func value(_ count: Count) -> Int64 { max(counts[count.rawValue], 0) }

    /// Notes `number`. Of two statements the larger stands: the same count comes under two names
    /// (DeepSeek), and counts of a stream are cumulative, at times with zeros in between.
    mutating func note(_ count: Count, _ number: Int64) {
        counts[count.rawValue] = max(counts[count.rawValue], number)
    }

    mutating func forget(_ count: Count) { counts[count.rawValue] = -1 }

    mutating func merge(_ later: borrowing ReportedUsage) {
        for index in counts.indices { counts[index] = max(counts[index], later.counts[index]) }
    }

    /// The normal form of what an upstream of `dialect` said.
    func normalised(_ dialect: Dialect) -> Usage {
        switch dialect {
        case .openAI: fromOpenAI()
        case .anthropic, .bedrock: fromAnthropic()
        case .gemini: fromGemini()
        }
    }

    /// `input_tokens` leaves the cache out; the write's total and its split may both be there.
    ///
    /// With server tools the split of `message_start` covers the first turn only, while
    /// `message_delta` has the total of all: the rest goes to the dearer kind if any was seen, so
    /// that a stream is never charged below what it cost.
    private func fromAnthropic() -> Usage {
        var usage = Usage()
        usage.input = value(.prompt)
        usage.cachedRead = value(.cached)
        usage.cacheWrite5m = value(.cacheWrite5m)
        usage.cacheWrite1h = value(.cacheWrite1h)
        let unsplit = max(0, value(.cacheWrite) - usage.cacheWrite5m - usage.cacheWrite1h)
        if usage.cacheWrite1h > 0 { usage.cacheWrite1h += unsplit } else { usage.cacheWrite5m += unsplit }
        usage.output = value(.completion)
        return usage
    }

    /// OpenAI counts cached and audio tokens inside `prompt_tokens`, reasoning and audio inside
    /// `completion_tokens`. Hosts that leave some out betray it by a larger `total_tokens`.
    private func fromOpenAI() -> Usage {
        var usage = Usage()
        usage.cachedRead = value(.cached)
        usage.cacheWrite1h = value(.cacheWrite1h)
        usage.cacheWrite5m = max(value(.cacheWrite5m), value(.cacheWrite) - usage.cacheWrite1h)
        usage.audioInput = value(.audioInput)
        usage.audioOutput = value(.audioOutput)
        usage.reasoning = value(.reasoning)

        var prompt = value(.prompt)
        var completion = value(.completion)
        let cache = usage.cachedRead + usage.cacheWrite5m + usage.cacheWrite1h
        let excess = has(.total) ? max(0, value(.total) - prompt - completion) : 0
        if !has(.prompt), !has(.completion) {
            // Rerank and some embeddings hosts give the total alone.
            prompt = value(.total)
        } else if excess > 0, excess == cache {
            prompt += cache
        } else if excess > 0, excess == cache + usage.reasoning {
            prompt += cache
            completion += usage.reasoning
        } else if excess > 0 {
            // xAI and Gemini leave thinking out of `completion_tokens`, the latter without saying so.
            completion += excess
            usage.reasoning = max(usage.reasoning, excess)
        }
        usage.input = max(0, prompt - cache - usage.audioInput)
        usage.output = max(0, completion - usage.reasoning - usage.audioOutput)
        return usage
    }

    /// `promptTokenCount` includes the cached part, and each modality in both; `candidatesTokenCount` leaves thoughts out.
    /// - Source: ai.google.dev/api/generate-content#UsageMetadata
    private func fromGemini() -> Usage {
        var usage = Usage()
        guard has(.prompt) || has(.completion) else {
            usage.input = value(.total)
            return usage
        }
        usage.cachedRead = value(.cached)
        usage.audioInput = max(0, value(.audioInput) - value(.cachedAudio))
        usage.input = max(0, value(.prompt) - usage.cachedRead - usage.audioInput) + value(.toolUse)
        usage.audioOutput = value(.audioOutput)
        usage.output = max(0, value(.completion) - usage.audioOutput)
        // Some answers name their thoughts in the total only.
        let told = value(.prompt) + value(.toolUse) + value(.completion) + value(.reasoning)
        usage.reasoning = value(.reasoning) + max(0, value(.total) - told)
        return usage
    }
}
