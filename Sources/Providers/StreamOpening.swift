public import Bytes
import JSON

/// What the beginning of a provider's stream says: whether an answer has begun, or an error.
public enum StreamOpening: Equatable, Sendable {
    /// Nothing yet: pings, the role, what announces an answer.
    case nothing
    /// Part of an answer, or its end.
    case content
    /// An error inside a 200, with the status it would have had as an answer of its own.
    case failed(status: Int)

    /// Judges one event's data.
    public init(event data: ByteSlice) {
        guard let event = JSONView(data), event.kind == .object else {
            self = .content
            return
        }
        if let error = event.child("error"), error.kind == .object || error.kind == .string {
            self = .failed(status: StreamOpening.status(error))
        } else if let type = event.child("type")?.string {
            self = StreamOpening(type, event)
        } else if let choices = event.child("choices") {
            self = StreamOpening.hasContent(choices) ? .content : .nothing
        } else {
            self = .content
        }
    }

    /// Judges one of Converse's events, whose name stands in its frame.
    ///
    /// - Parameters:
    ///   - converse: the name of an event, or of an exception.
    ///   - isFailure: whether the frame says that the provider failed.
    public init(converse type: ByteSlice, isFailure: Bool, _ data: ByteSlice) {
        if isFailure {
            self = .failed(status: BedrockError.status(of: type))
        } else if type == "messageStart" {
            self = .nothing
        } else if type == "contentBlockStart" {
            // A call is content by itself; text and thinking begin without a start.
            self = JSONView(data)?.value(at: ByteSlice("start.toolUse")) == nil ? .nothing : .content
        } else {
            self = .content
        }
    }

    /// Anthropic's events, and OpenAI's of the Responses API.
    /// - Source: Anthropic, "Streaming messages"; OpenAI API reference, "Responses, streaming events"
    private init(_ type: JSONString, _ event: JSONView) {
        if type == "ping" || type == "message_start" || type == "response.created" || type == "response.in_progress" || type == "response.queued" {
            self = .nothing
        } else if type == "content_block_start" {
            // A tool's call is content by itself; text and thinking begin empty.
            let block = event.value(at: ByteSlice("content_block.type"))?.string
            self = block.map { $0 == "text" || $0 == "thinking" } == true ? .nothing : .content
        } else if type == "error" {
            self = .failed(status: StreamOpening.status(event))
        } else if type == "response.failed" {
            self = .failed(status: event.value(at: ByteSlice("response.error")).map { StreamOpening.status($0) } ?? 500)
        } else {
            self = .content
        }
    }

    /// - Source: OpenAI API reference, "Chat, the chat completion chunk object"
    private static func hasContent(_ choices: JSONView) -> Bool {
        guard let choice = choices.child("0") else { return false }
        if let reason = choice.child("finish_reason"), reason.kind == .string { return true }
        if let text = choice.child("text")?.string { return !text.content.isEmpty }
        guard let delta = choice.child("delta") else { return false }
        for name in ["content", "reasoning_content", "reasoning", "refusal"] as [StaticString] {
            if let text = delta.child(ByteSlice(name))?.string, !text.content.isEmpty { return true }
        }
        for name in ["tool_calls", "function_call", "audio"] as [StaticString] {
            if let value = delta.child(ByteSlice(name)), value.kind == .array || value.kind == .object { return true }
        }
        return false
    }

    /// The status an error's own words stand for: its code where that is one, else its type.
    private static func status(_ error: JSONView) -> Int {
        for name in ["code", "status", "status_code"] as [StaticString] {
            if let number = error.child(ByteSlice(name))?.bytes.decimal, (400...599).contains(number) { return Int(number) }
        }
        for name in ["type", "code", "status"] as [StaticString] {
            guard let word = error.child(ByteSlice(name))?.string else { continue }
            for row in words where word == row.word { return row.status }
        }
        return 500
    }

    private static let words: [(word: StaticString, status: Int)] = [
        ("overloaded_error", 529), ("rate_limit_error", 429), ("rate_limit_exceeded", 429), ("insufficient_quota", 429), ("RESOURCE_EXHAUSTED", 429),
        ("invalid_request_error", 400), ("INVALID_ARGUMENT", 400), ("authentication_error", 401), ("UNAUTHENTICATED", 401),
        ("permission_error", 403), ("PERMISSION_DENIED", 403), ("not_found_error", 404), ("request_too_large", 413), ("timeout_error", 504),
        ("DEADLINE_EXCEEDED", 504), ("UNAVAILABLE", 503), ("api_error", 500), ("server_error", 500), ("INTERNAL", 500),
    ]
}

extension JSONView {
    fileprivate func child(_ name: StaticString) -> JSONView? { child(ByteSlice(name)) }
}
