import Bytes

/// What a Claude model takes that others do not, told by its name.
///
/// A name that is no Claude's (another host that speaks the dialect, an operator's alias) gets the values no model refuses.
/// - Source: Claude Platform docs "Models overview", "Thinking", "Effort", "Migrating to Claude Opus 4.7", "… Sonnet 5",
///   "… Opus 5.5", "… Sonnet 5.5"; `skills/claude-api/references/thinking-effort.md` of github.com/anthropics/skills; November 2026.
struct AnthropicModel: Sendable {
    /// How the model's thinking is switched.
    enum Thinking: UInt8, Sendable {
        /// It has none.
        case none
        /// `{"type":"enabled","budget_tokens":n}`; off when nothing is said.
        case budget
        /// `{"type":"adaptive"}`; off when nothing is said.
        case adaptive
        /// Adaptive when nothing is said; `{"type":"disabled"}` switches it off.
        case adaptiveByDefault
        /// Adaptive when nothing is said; `{"type":"between_tools"}` is as little as there is.
        case betweenTools
        /// Adaptive, and nothing switches it off.
        case always
    }

    /// The words `output_config.effort` may have.
    enum Efforts: UInt8, Sendable { case none, toHigh, toMaxWithoutXhigh, all }

    /// What of `temperature`, `top_p` and `top_k` the model takes. Claude 4.1 to 4.6 refuse the first two together; from 4.7 on
    /// any of them is a 400.
    enum Sampling: UInt8, Sendable { case all, temperatureOrTopP, none }

    /// The most `max_tokens` may be: what is sent when the client leaves it to the model, as OpenAI's clients may.
    var outputLimit: Int64
    var thinking: Thinking
    var efforts: Efforts
    var sampling: Sampling
    /// Whether `tool_choice` may be `any` or `tool`.
    var takesForcedTools = true
    /// `output_config.format` and a tool's `strict`.
    var hasStructuredOutputs = true

    init(named name: ByteSlice) {
        self = AnthropicModel.notClaude
        guard let start = name.firstRange(of: ByteSlice("claude-"))?.upperBound else { return }
        let rest = name.dropFirst(start)
        for row in AnthropicModel.rows where rest.hasPrefix(row.prefix) {
            self = row.model
            return
        }
    }

    private init(
        _ outputLimit: Int64, _ thinking: Thinking, _ efforts: Efforts, _ sampling: Sampling, forced: Bool = true, structured: Bool = true
    ) {
        self.outputLimit = outputLimit
        self.thinking = thinking
        self.efforts = efforts
        self.sampling = sampling
        takesForcedTools = forced
        hasStructuredOutputs = structured
    }

    private struct Row: Sendable {
        /// What follows `claude-`.
        var prefix: StaticString
        var model: AnthropicModel
    }

    /// 4,096 is the least any model of the Messages API ever had.
    private static let notClaude = AnthropicModel(4096, .none, .none, .all)

    /// The first that fits counts; the last is for models newer than this table.
    private static let rows: [Row] = [
        Row(prefix: "opus-5-5", model: AnthropicModel(128_000, .always, .all, .none, forced: false)),
        Row(prefix: "sonnet-5-5", model: AnthropicModel(128_000, .betweenTools, .all, .none, forced: false)),
        Row(prefix: "haiku-5-5", model: AnthropicModel(128_000, .adaptiveByDefault, .all, .none)),
        Row(prefix: "fable-5-", model: AnthropicModel(128_000, .always, .all, .none, forced: false)),
        Row(prefix: "fable-5", model: AnthropicModel(128_000, .always, .all, .none)),
        Row(prefix: "mythos-5-", model: AnthropicModel(128_000, .always, .all, .none, forced: false)),
        Row(prefix: "mythos-5", model: AnthropicModel(128_000, .always, .all, .none)),
        Row(prefix: "mythos-preview", model: AnthropicModel(128_000, .always, .toMaxWithoutXhigh, .none)),
        Row(prefix: "opus-5", model: AnthropicModel(128_000, .adaptiveByDefault, .all, .none)),
        Row(prefix: "sonnet-5", model: AnthropicModel(128_000, .adaptiveByDefault, .all, .none)),
        Row(prefix: "opus-4-8", model: AnthropicModel(128_000, .adaptive, .all, .none)),
        Row(prefix: "opus-4-7", model: AnthropicModel(128_000, .adaptive, .all, .none)),
        Row(prefix: "opus-4-6", model: AnthropicModel(128_000, .adaptive, .toMaxWithoutXhigh, .temperatureOrTopP)),
        Row(prefix: "sonnet-4-6", model: AnthropicModel(128_000, .adaptive, .toMaxWithoutXhigh, .temperatureOrTopP)),
        Row(prefix: "opus-4-5", model: AnthropicModel(64_000, .budget, .toHigh, .temperatureOrTopP)),
        Row(prefix: "sonnet-4-5", model: AnthropicModel(64_000, .budget, .none, .temperatureOrTopP)),
        Row(prefix: "haiku-4-5", model: AnthropicModel(64_000, .budget, .none, .temperatureOrTopP)),
        Row(prefix: "opus-4-1", model: AnthropicModel(32_000, .budget, .none, .temperatureOrTopP, structured: false)),
        Row(prefix: "opus-4", model: AnthropicModel(32_000, .budget, .none, .all, structured: false)),
        Row(prefix: "sonnet-4", model: AnthropicModel(64_000, .budget, .none, .all, structured: false)),
        Row(prefix: "3-7-sonnet", model: AnthropicModel(64_000, .budget, .none, .all, structured: false)),
        Row(prefix: "3-5-", model: AnthropicModel(8192, .none, .none, .all, structured: false)),
        Row(prefix: "3-", model: AnthropicModel(4096, .none, .none, .all, structured: false)),
        Row(prefix: "2", model: AnthropicModel(4096, .none, .none, .all, structured: false)),
        Row(prefix: "instant", model: AnthropicModel(4096, .none, .none, .all, structured: false)),
        Row(prefix: "", model: AnthropicModel(64_000, .always, .all, .none, forced: false)),
    ]
}
