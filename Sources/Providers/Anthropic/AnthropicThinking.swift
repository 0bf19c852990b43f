import Bytes
import JSON

/// What a request says of thinking, in the words the target model takes.
///
/// | asked                | models with a budget   | models that adapt                                   |
/// | effort               | a budget (table below) | `adaptive` and `output_config.effort`               |
/// | budget               | the budget             | `adaptive` and the effort whose budget is not below |
/// | adaptive             | the budget of `medium` | `adaptive`                                          |
/// | off                  | nothing                | `disabled`, `between_tools`, or the effort `low`    |
///
/// The API refuses a budget below 1,024 or not below `max_tokens`, a budget beside a forced tool, and a budget when the assistant turn
/// that is being gone on with does not start with a thinking block. The forced tool and the turn stand then, and the thinking goes:
/// who forces a tool cannot do without the call. Adaptive thinking has none of these limits.
/// - Source: Claude Platform docs "Thinking", "Extended thinking", "Thinking in tool and multi-turn workflows", "Effort"
struct AnthropicThinking {
    enum Switch { case unsaid, budget(Int64), adaptive, disabled, betweenTools }

    var type = Switch.unsaid
    var effort: ChatRequest.Effort?
    var maxTokens: Int64

    /// `temperature` and `top_k` may not be sent with it.
    var isOn: Bool {
        switch type {
        case .budget, .adaptive: true
        case .unsaid, .disabled, .betweenTools: false
        }
    }

    static let leastBudget: Int64 = 1024

    /// The budgets that stand for OpenAI's words, where Anthropic has no words: ours, up to the 32,000 from which on Anthropic advises
    /// batches.
    static func budget(of effort: ChatRequest.Effort) -> Int64 {
        switch effort {
        case .minimal: 1024
        case .low: 2048
        case .medium: 8192
        case .high: 16_384
        case .xhigh: 24_576
        case .max: 32_000
        }
    }

    /// - Parameter maxTokens: what the client gave, or the model's limit.
    init(_ request: inout ChatRequest, _ model: AnthropicModel, maxTokens: Int64, _ notes: inout TranslationNotes) {
        self.maxTokens = maxTokens
        guard let reasoning = request.reasoning, model.thinking != .none else { return }
        _ = request.honour(.reasoning)
        var isExact = true
        switch reasoning {
        case .off: isExact = turnOff(model)
        case .effort(let asked):
            effort = AnthropicThinking.nearest(asked, in: model.efforts)
            // Where the words are the budget's, a budget is what is meant.
            isExact = model.efforts == .none || effort == asked
            type = model.thinking == .budget ? .budget(AnthropicThinking.budget(of: asked)) : .adaptive
        case .adaptive:
            type = model.thinking == .budget ? .budget(AnthropicThinking.budget(of: .medium)) : .adaptive
            isExact = model.thinking != .budget
        case .budget(let tokens):
            if model.thinking == .budget {
                type = .budget(max(tokens, AnthropicThinking.leastBudget))
                isExact = tokens >= AnthropicThinking.leastBudget
            } else {
                type = .adaptive
                let asked = ChatRequest.Effort.allCases.first { AnthropicThinking.budget(of: $0) >= tokens } ?? .max
                effort = AnthropicThinking.nearest(asked, in: model.efforts)
                isExact = false
            }
        }
        if case .budget = type {
            let isForced = model.takesForcedTools && request.forcesTool
            if isForced || request.goesOnWithoutThinking {
                type = .unsaid
                isExact = false
            } else {
                isExact = fitBudget(&request, &notes) && isExact
            }
        }
        if !isExact { request.noteChange(.reasoning, "reasoning_effort", &notes) }
    }

    private mutating func turnOff(_ model: AnthropicModel) -> Bool {
        switch model.thinking {
        case .none, .budget, .adaptive: return true
        case .adaptiveByDefault: type = .disabled
        case .betweenTools: type = .betweenTools
        case .always:
            effort = .low
            return false
        }
        return true
    }

    /// Brings the budget below `maxTokens`, leaving the answer half; false when the budget was lowered. Where half is too little
    /// for a budget, the answer keeps all it had and the budget comes on top.
    private mutating func fitBudget(_ request: inout ChatRequest, _ notes: inout TranslationNotes) -> Bool {
        guard case .budget(let tokens) = type, tokens >= maxTokens else { return true }
        if maxTokens >= 2 * AnthropicThinking.leastBudget {
            type = .budget(maxTokens / 2)
            return false
        }
        type = .budget(AnthropicThinking.leastBudget)
        maxTokens += AnthropicThinking.leastBudget
        request.noteChange(.maxTokens, "max_tokens", &notes)
        return tokens == AnthropicThinking.leastBudget
    }

    private static func nearest(_ effort: ChatRequest.Effort, in efforts: AnthropicModel.Efforts) -> ChatRequest.Effort? {
        switch efforts {
        case .none: nil
        case .toHigh: effort == .minimal ? .low : effort.rawValue > ChatRequest.Effort.high.rawValue ? .high : effort
        case .toMaxWithoutXhigh: effort == .minimal ? .low : effort == .xhigh ? .high : effort
        case .all: effort == .minimal ? .low : effort
        }
    }
}

extension ChatRequest {
    /// Notes the client's member for `parameter` as changed, under the name it used.
    func noteChange(_ parameter: Parameter, _ fallback: StaticString, _ notes: inout TranslationNotes) {
        let name = name(of: parameter)
        notes.change(name.isEmpty ? ByteSlice(fallback) : name)
    }

    /// Whether some tool must be called.
    var forcesTool: Bool {
        guard !tools.isEmpty else { return false }
        switch toolChoice {
        case .required?, .named?: return true
        case .auto?, .none?, nil: return false
        }
    }

    /// Whether the assistant turn the answer goes on with lacks the thinking block it must start with.
    ///
    /// Tool results, what stands beside them and what the assistant says after them belong to the turn that made the first call.
    var goesOnWithoutThinking: Bool {
        var turn: Int?
        var isLoop = false
        // What the user's turn after the assistant's holds.
        var hasUser = false
        var hasResult = false
        for index in parts.indices.reversed() where parts[index].role != .system {
            if parts[index].role == .user {
                hasUser = true
                if case .toolResult = parts[index].content { hasResult = true }
                continue
            }
            if hasUser, !hasResult { break }
            isLoop = isLoop || hasResult
            hasUser = false
            hasResult = false
            turn = index
        }
        guard let turn, isLoop || parts.last?.role == .assistant else { return false }
        // Thinking is written before all else of its message.
        for index in turn..<parts.endIndex where parts[index].role != .system {
            if index > turn, parts[index].opensMessage || parts[index].role != .assistant { return true }
            switch parts[index].content {
            case .thinking(_, signature: _?), .redactedThinking: return false
            default: continue
            }
        }
        return true
    }
}
