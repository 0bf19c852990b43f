/// What a span stands for.
public enum SpanRole: Equatable, Sendable {
    /// A call of a model.
    case call(Call)
    /// Anything else, by the kind of work that it is.
    case work(String)

    public enum Call: Sendable {
        case chat, completion, embedding
    }

    private static let langfuse = "langfuse.observation.type"
    private static let openInference = "openinference.span.kind"
    private static let vercel = "ai.operationId"
    private static let operation = "gen_ai.operation.name"
    private static let traceloopCall = "llm.request.type"
    private static let traceloop = "traceloop.span.kind"

    /// The kind of work of what says nothing of what it is.
    public static let plainKind = "span"

    static let names = [langfuse, openInference, vercel, operation, traceloopCall, traceloop]

    /// As its dialect says it; what says nothing is a call where it names a model and who has it, or tokens.
    init(_ attributes: Attributes) {
        let readers: [(name: String, read: (String) -> SpanRole?)] = [
            (SpanRole.langfuse, SpanRole.ofLangfuse), (SpanRole.openInference, SpanRole.ofOpenInference), (SpanRole.vercel, SpanRole.ofVercel),
            (SpanRole.operation, SpanRole.ofOperation), (SpanRole.traceloopCall, SpanRole.ofTraceloopCall), (SpanRole.traceloop, SpanRole.ofTraceloop),
        ]
        for (name, read) in readers {
            if let word = attributes[name]?.text, let role = read(word.lowercased()) {
                self = role
                return
            }
        }
        let hasModel = attributes.value(.model) != nil || attributes.value(.served) != nil
        if hasModel, attributes.value(.provider) != nil || attributes.value(.input) != nil {
            self = .call(.chat)
        } else {
            self = .work(attributes.value(.tool) == nil ? SpanRole.plainKind : "tool")
        }
    }

    private static let kinds = ["agent", "tool", "chain", "retriever", "reranker", "guardrail", "evaluator", "prompt", "event", plainKind]

    private static func ofLangfuse(_ type: String) -> SpanRole? {
        switch type {
        case "generation": .call(.chat)
        case "embedding": .call(.embedding)
        default: kinds.contains(type) ? .work(type) : nil
        }
    }

    private static func ofOpenInference(_ kind: String) -> SpanRole? {
        switch kind {
        case "llm": .call(.chat)
        case "embedding": .call(.embedding)
        default: kinds.contains(kind) ? .work(kind) : nil
        }
    }

    /// `ai.generateText` holds one or more `ai.generateText.doGenerate`, and says their tokens again.
    private static func ofVercel(_ operation: String) -> SpanRole? {
        if operation.hasSuffix(".dogenerate") || operation.hasSuffix(".dostream") { return .call(.chat) }
        if operation.hasSuffix(".doembed") { return .call(.embedding) }
        return operation == "ai.toolcall" ? .work("tool") : .work("chain")
    }

    /// An agent's span says its calls' tokens again, too.
    private static func ofOperation(_ operation: String) -> SpanRole? {
        switch operation {
        case "chat", "generate_content": .call(.chat)
        case "text_completion": .call(.completion)
        case "embeddings": .call(.embedding)
        case "create_agent", "invoke_agent": .work("agent")
        case "execute_tool": .work("tool")
        case "invoke_workflow": .work("chain")
        case "retrieval": .work("retriever")
        default: nil
        }
    }

    private static func ofTraceloopCall(_ type: String) -> SpanRole? {
        switch type {
        case "chat": .call(.chat)
        case "completion": .call(.completion)
        case "embedding": .call(.embedding)
        case "rerank": .work("reranker")
        default: nil
        }
    }

    private static func ofTraceloop(_ kind: String) -> SpanRole? {
        switch kind {
        case "workflow", "task": .work("chain")
        case "agent", "tool": .work(kind)
        default: nil
        }
    }
}
