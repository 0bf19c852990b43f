import Bytes
import JSON

/// OpenAI's `usage` object: `prompt_tokens` holds the cached and audio ones, `completion_tokens` the reasoning and audio ones.
/// - Source: openai-python `types/completion_usage.py`; `ReportedUsage` for what compatible hosts do
enum OpenAIUsage {
    /// Nil when the object says nothing of tokens.
    static func read(_ value: JSONValue) -> Usage? {
        var reported = ReportedUsage()
        note(value, in: .usage, &reported)
        return reported.isMeaningful ? reported.normalised(.openAI) : nil
    }

    /// As deep as the details of a usage object: the table of names has nothing below.
    private static func note(_ object: JSONValue, in container: UsageScan.Container, _ reported: inout ReportedUsage) {
        for (name, value) in object.members {
            guard let name = name.plain else { continue }
            switch MemberNames.slot(of: name, in: container) {
            case .count(let count):
                if let number = value.integer, number >= 0, number <= Limits.tokenCount { reported.note(count, number) }
            case .object(let inner): note(value, in: inner, &reported)
            default: break
            }
        }
    }

    /// Writes the object. Not strict: also the cache's parts under Anthropic's names, as Portkey has them.
    static func write(_ usage: Usage, isStrict: Bool, to writer: inout ByteWriter) {
        append("{\"prompt_tokens\":", usage.inputTotal, to: &writer)
        append(",\"completion_tokens\":", usage.outputTotal, to: &writer)
        append(",\"total_tokens\":", usage.total, to: &writer)
        append(",\"prompt_tokens_details\":{\"cached_tokens\":", usage.cachedRead, to: &writer)
        append(",\"audio_tokens\":", usage.audioInput, to: &writer)
        append("},\"completion_tokens_details\":{\"reasoning_tokens\":", usage.reasoning, to: &writer)
        append(",\"audio_tokens\":", usage.audioOutput, to: &writer)
        writer.append("}")
        let written = usage.cacheWrite5m + usage.cacheWrite1h
        if !isStrict, written > 0 { append(",\"cache_creation_input_tokens\":", written, to: &writer) }
        if !isStrict, usage.cachedRead > 0 { append(",\"cache_read_input_tokens\":", usage.cachedRead, to: &writer) }
        writer.append("}")
    }

    private static func append(_ name: StaticString, _ count: Int64, to writer: inout ByteWriter) {
        writer.append(name)
        writer.append(decimal: Int(count))
    }
}
