/// The names under which dialects say what was asked and what was answered.
public enum ContentNames {
    enum Side {
        case asked, answered
    }

    /// Of OpenTelemetry's events.
    static let eventPrefix = "gen_ai."
    static let choice = "gen_ai.choice"

    /// OpenTelemetry's and what they were before, Langfuse's, OpenInference's, Traceloop's, the Vercel AI SDK's.
    private static let asked: Set<String> = [
        "gen_ai.input.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.tool.call.arguments", "gen_ai.prompt",
        "gen_ai.retrieval.query.text", "langfuse.observation.input", "langfuse.trace.input", "input.value", "llm.prompt_template.template",
        "llm.prompt_template.variables", "reranker.query", "traceloop.entity.input", "ai.prompt", "ai.prompt.messages", "ai.prompt.tools", "ai.prompt.toolChoice",
        "ai.value", "ai.values", "ai.toolCall.args",
    ]

    private static let answered: Set<String> = [
        "gen_ai.output.messages", "gen_ai.tool.call.result", "gen_ai.completion", "gen_ai.retrieval.documents", "langfuse.observation.output",
        "langfuse.trace.output", "output.value", "traceloop.entity.output", "ai.response.text", "ai.response.object", "ai.response.toolCalls",
        "ai.response.reasoning", "ai.embedding", "ai.embeddings", "ai.toolCall.result",
    ]

    /// What stands before a number, and names behind it: `gen_ai.prompt.0.content`.
    private static let families: [(name: String, side: Side)] = [
        ("gen_ai.prompt.", .asked), ("gen_ai.completion.", .answered), ("llm.request.functions.", .asked), ("llm.input_messages.", .asked),
        ("llm.output_messages.", .answered), ("llm.prompts.", .asked), ("llm.choices.", .answered), ("llm.tools.", .asked),
        ("embedding.embeddings.", .answered), ("retrieval.documents.", .answered), ("reranker.input_documents.", .asked),
        ("reranker.output_documents.", .answered),
    ]

    private static func numbered(_ name: String) -> (name: String, side: Side)? {
        families.first { family in
            guard name.hasPrefix(family.name), let next = name.dropFirst(family.name.count).utf8.first else { return false }
            return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
        }
    }

    /// Nil for one that says neither.
    static func side(of name: String) -> Side? {
        if asked.contains(name) { return .asked }
        return answered.contains(name) ? .answered : numbered(name)?.side
    }

    /// The beginning of a numbered name, up to its number.
    static func family(of name: String) -> String? { numbered(name)?.name }

    /// Of events, which were one for each message: what a model chose was the answer, all before it was asked.
    static func side(ofEvent name: String) -> Side? {
        switch name {
        case choice, "gen_ai.content.completion": .answered
        case "gen_ai.content.prompt": .asked
        default: name.hasPrefix(eventPrefix) && name.hasSuffix(".message") ? .asked : nil
        }
    }

    /// Whether an attribute of this name says what was asked or answered.
    public static func isContent(_ name: String) -> Bool { side(of: name) != nil }
}
