import Bytes
import JSON

/// `thinkingConfig`: how much the model is to think.
///
/// The words of OpenAI's `reasoning_effort` become what Google's own OpenAI-compatible endpoint makes of them:
///
///     effort    thinkingLevel (Gemini 3)             thinkingBudget (Gemini 2.5)
///     minimal   MINIMAL where there is one, or LOW    1024
///     low       LOW                                   1024
///     medium    MEDIUM where there is one, or HIGH    8192
///     high      HIGH                                  24576
///     none      the least there is                    0; 128 for Pro, which cannot stop
///
/// - Source: ai.google.dev/gemini-api/docs/openai#thinking, …/docs/thinking (levels and ranges of budgets)
enum GeminiThinking {
    static func write(
        _ request: inout ChatRequest, _ model: GeminiModel, _ list: inout GeminiList, _ writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) {
        guard let reasoning = request.reasoning else { return }
        if model.thinking == .none {
            // What does not think has nothing to switch off.
            if case .off = reasoning { _ = request.honour(.reasoning) }
            return
        }
        _ = request.honour(.reasoning)
        list.member("thinkingConfig", &writer)
        writer.append("{")
        let isExact: Bool
        switch (reasoning, model.thinking) {
        case (.effort(let effort), .level): isExact = write(level: effort, model, &writer)
        case (.off, .level):
            _ = write(level: .minimal, model, &writer)
            isExact = false
        case (.effort(let effort), _): isExact = write(budgetOf: effort, &writer)
        case (.off, _):
            write(budget: model.isPro ? 128 : 0, &writer)
            isExact = !model.isPro
        case (.budget(let tokens), _):
            let most: Int64 = model.isPro ? 32768 : 24576
            let least: Int64 = model.isPro ? 128 : model.isLite ? 512 : 1
            let fitting = min(max(tokens, least), most)
            write(budget: Int(fitting), &writer)
            // Who sets a budget, in Anthropic's dialect, is owed the thoughts as well.
            writer.append(",\"includeThoughts\":true")
            isExact = fitting == tokens
        case (.adaptive, .level):
            writer.append("\"includeThoughts\":true")
            isExact = true
        case (.adaptive, _):
            write(budget: -1, &writer)
            writer.append(",\"includeThoughts\":true")
            isExact = true
        }
        writer.append("}")
        if !isExact { notes.change(request.name(of: .reasoning)) }
    }

    /// Whether the level is the one asked for.
    private static func write(level effort: ChatRequest.Effort, _ model: GeminiModel, _ writer: inout ByteWriter) -> Bool {
        let word: StaticString
        var isExact = true
        switch effort {
        case .minimal:
            isExact = model.takesMinimal
            word = isExact ? "MINIMAL" : "LOW"
        case .low: word = "LOW"
        case .medium:
            isExact = model.takesMedium
            word = isExact ? "MEDIUM" : "HIGH"
        case .high: word = "HIGH"
        case .xhigh, .max:
            isExact = false
            word = "HIGH"
        }
        writer.append("\"thinkingLevel\":\"")
        writer.append(word)
        writer.append("\"")
        return isExact
    }

    private static func write(budgetOf effort: ChatRequest.Effort, _ writer: inout ByteWriter) -> Bool {
        switch effort {
        case .minimal, .low: write(budget: 1024, &writer)
        case .medium: write(budget: 8192, &writer)
        case .high: write(budget: 24576, &writer)
        case .xhigh, .max:
            write(budget: 24576, &writer)
            return false
        }
        return true
    }

    private static func write(budget: Int, _ writer: inout ByteWriter) {
        writer.append("\"thinkingBudget\":")
        writer.append(decimal: budget)
    }
}
