import Bytes
import JSON

/// OpenAI's `usage` object: `prompt_tokens` holds the cached and audio ones, `completion_tokens` the reasoning and audio ones.
/// - Source: openai-python `types/completion_usage.py`; `ReportedUsage` for what compatible hosts do
enum OpenAIUsage {
    /// Nil when the object says nothing of tokens.
    static func read(_ value: JSONValue) -> Usage? {
        var reported = UsageScan.read(value.bytes, as: .usage)
        return reported.isMeaningful ? reported.normalised(.openAI) : nil
    }

    /// Writes the object. Not strict: also the cache's parts under Anthropic's names, as Portkey has them.
    static func write(_ usage: Usage, isStrict: Bool, to writer: inout ByteWriter) {
        append("{\"prompt_tokens\":", usage.inputTotal, to: &writer)
        append(",\"completion_tokens\":", usage.outputTotal, to: &writer)
        append(",\"total_tokens\":", usage.total, to: &writer)
        append(",\"prompt_tokens_details\":{\"cached_tokens\":", usage.cachedTotal, to: &writer)
        append(",\"audio_tokens\":", usage.audioInput + usage.audioCached, to: &writer)
        append("},\"completion_tokens_details\":{\"reasoning_tokens\":", usage.reasoning, to: &writer)
        append(",\"audio_tokens\":", usage.audioOutput, to: &writer)
        writer.append("}")
        let written = usage.cacheWrite5m + usage.cacheWrite1h
        if !isStrict, written > 0 { append(",\"cache_creation_input_tokens\":", written, to: &writer) }
        if !isStrict, usage.cachedTotal > 0 { append(",\"cache_read_input_tokens\":", usage.cachedTotal, to: &writer) }
        writer.append("}")
    }

    private static func append(_ name: StaticString, _ count: Int64, to writer: inout ByteWriter) {
        writer.append(name)
        writer.append(decimal: Int(count))
    }
}
