import Bytes
import HTTP
import JSON
import Providers

/// Tells from a whole answer whether it may be given to whoever asks the same again.
///
/// Not one that a filter cut or a model declined; not one that says an error in words of success; not one that is not all there; and one
/// that calls tools only where that is wanted.
struct AnswerInspection {
    private let endpoint: Endpoint
    private let isCoded: Bool

    init(_ endpoint: Endpoint, isCoded: Bool) {
        self.endpoint = endpoint
        self.isCoded = isCoded
    }

    /// What one answer, or one event of it, says.
    struct Findings {
        var isUnfit = false
        var callsTools = false
        fileprivate var isLast = false
        /// It says why it stopped.
        fileprivate var hasReason = false
    }

    func inspect(_ body: ByteSlice, isStream: Bool) -> Findings {
        var findings = Findings()
        findings.isUnfit = isCoded
        if isStream {
            inspect(stream: body, &findings)
            if !findings.isLast || !endpoint.endsStreams { findings.isUnfit = true }
            // Who ends all streams alike ends one so, too, that broke off behind it.
            if !findings.hasReason, endpoint.statesReasons { findings.isUnfit = true }
        } else if endpoint != .audioSpeech {
            if isWhole(body), let root = JSONView(body) { inspect(root, &findings) } else { findings.isUnfit = true }
        }
        return findings
    }

    private func isWhole(_ text: ByteSlice) -> Bool {
        do throws(JSONError) {
            try JSONText.validate(text)
            return true
        } catch {
            return false
        }
    }

    // MARK: Streams

    private func inspect(stream: ByteSlice, _ findings: inout Findings) {
        var scanner = EventBoundaryScanner()
        var start = 0
        while let event = scanner.next(stream, from: start) {
            start = event.end
            guard event.hasData else { continue }
            findings.isLast = false
            // Data in several lines is nothing any provider sends.
            guard let data = event.payload.map({ stream[$0] }) else { return findings.isUnfit = true }
            if data == "[DONE]" {
                findings.isLast = endpoint == .chatCompletions || endpoint == .completions
            } else if AnswerInspection.mayMatter(data) {
                guard let root = JSONView(data) else { return findings.isUnfit = true }
                inspect(event: root, &findings)
            }
        }
        // Bytes behind the last event are the beginning of one that did not come.
        if start < stream.count, !stream.dropFirst(start).isBlankLines { findings.isLast = false }
    }

    /// Most events are a few letters of text: only those that have one of these words are read.
    private static func mayMatter(_ data: ByteSlice) -> Bool {
        for word in words where data.firstRange(of: ByteSlice(word)) != nil { return true }
        return states("finish_reason\"", in: data) || states("stop_reason\"", in: data)
    }

    /// Whether a member of that name, with its second quotation mark, is there and not null: each choice has one.
    private static func states(_ name: StaticString, in data: ByteSlice) -> Bool {
        var rest = data
        while let found = rest.firstRange(of: ByteSlice(name)) {
            rest = rest.dropFirst(found.upperBound)
            var at = 0
            while at < rest.count, rest[at] <= 0x20 || rest[at] == UInt8(ascii: ":") { at += 1 }
            if !rest.dropFirst(at).hasPrefix("null") { return true }
        }
        return false
    }

    private static let words: [StaticString] = [
        "content_filter", "refusal", "\"error", "tool_call", "function_call", "tool_use", "_call", "message_stop", "response.",
    ]

    private func inspect(event root: JSONView, _ findings: inout Findings) {
        switch endpoint {
        case .messages:
            let type = root.child(ByteSlice("type"))?.string
            if type.map({ $0 == "message_stop" }) == true { findings.isLast = true }
            if type.map({ $0 == "error" }) == true { findings.isUnfit = true }
            if let delta = root.child(ByteSlice("delta")) { inspect(reason: delta.child(ByteSlice("stop_reason")), &findings) }
            if let block = root.child(ByteSlice("content_block")) { inspect(block: block, &findings) }
        case .responses:
            let type = root.child(ByteSlice("type"))?.string
            if type.map({ $0 == "error" || $0 == "response.failed" || $0 == "response.incomplete" }) == true { findings.isUnfit = true }
            guard type.map({ $0 == "response.completed" }) == true, let response = root.child(ByteSlice("response")) else { return }
            findings.isLast = true
            inspect(response, &findings)
        default: inspect(root, isEvent: true, &findings)
        }
    }

    // MARK: Objects

    private func inspect(_ root: JSONView, isEvent: Bool = false, _ findings: inout Findings) {
        guard root.kind == .object || endpoint == .embeddings || endpoint == .rerank else { return findings.isUnfit = true }
        if let error = root.child(ByteSlice("error")), error.kind != .null { findings.isUnfit = true }
        switch endpoint {
        case .chatCompletions, .completions:
            var count = 0
            if let choices = root.child(ByteSlice("choices")) {
                for choice in choices.elements {
                    inspect(choice: choice, &findings)
                    count += 1
                }
            }
            // An event may have none: one of usage, or of what a filter says of the prompt.
            if count == 0, !isEvent { findings.isUnfit = true }
        case .messages:
            inspect(reason: root.child(ByteSlice("stop_reason")), &findings)
            guard let content = root.child(ByteSlice("content")) else { return findings.isUnfit = true }
            for block in content.elements { inspect(block: block, &findings) }
        case .responses:
            guard let status = root.child(ByteSlice("status"))?.string, status == "completed" else { return findings.isUnfit = true }
            guard let output = root.child(ByteSlice("output")) else { return }
            for item in output.elements { inspect(item: item, &findings) }
        default: break
        }
    }

    private func inspect(choice: JSONView, _ findings: inout Findings) {
        inspect(reason: choice.child(ByteSlice("finish_reason")), &findings)
        // Some hosts say so what has failed behind them, in an answer of 200.
        if let error = choice.child(ByteSlice("error")), error.kind != .null { findings.isUnfit = true }
        for name in ["message", "delta"] as [StaticString] {
            guard let message = choice.child(ByteSlice(name)) else { continue }
            if let refusal = message.child(ByteSlice("refusal")), refusal.kind != .null { findings.isUnfit = true }
            if let calls = message.child(ByteSlice("tool_calls")), calls.elements.contains(where: { _ in true }) { findings.callsTools = true }
            if let call = message.child(ByteSlice("function_call")), call.kind == .object { findings.callsTools = true }
        }
    }

    /// Why a model stopped, in any provider's words: one that is not known may be another name for a filter, or for a failure.
    private func inspect(reason: JSONView?, _ findings: inout Findings) {
        // Some hosts write nothing between the marks for an answer that goes on.
        guard let reason = reason?.string, !reason.content.isEmpty else { return }
        findings.hasReason = true
        switch FinishReasonTable.read(openAI: reason) {
        case .stop, .stopSequence, .length: break
        // A turn that is paused goes on in the next request.
        case .toolCalls, .pause: findings.callsTools = true
        case .contentFilter, .refusal, .other: findings.isUnfit = true
        }
    }

    /// A block of Anthropic's: calls are `tool_use`, `server_tool_use`, `mcp_tool_use`.
    private func inspect(block: JSONView, _ findings: inout Findings) {
        guard let type = block.child(ByteSlice("type"))?.string?.plain else { return }
        if type.count >= 8, type.dropFirst(type.count - 8) == "tool_use" { findings.callsTools = true }
    }

    /// An item of a response: calls end with `_call`; a message may have declined.
    private func inspect(item: JSONView, _ findings: inout Findings) {
        if let type = item.child(ByteSlice("type"))?.string?.plain, type.count >= 5, type.dropFirst(type.count - 5) == "_call" { findings.callsTools = true }
        guard let content = item.child(ByteSlice("content")) else { return }
        for part in content.elements where part.child(ByteSlice("type"))?.string.map({ $0 == "refusal" }) == true { findings.isUnfit = true }
    }
}

extension Endpoint {
    /// Whether its streams say themselves that they are whole.
    var endsStreams: Bool {
        switch self {
        case .chatCompletions, .completions, .messages, .responses: true
        default: false
        }
    }
}

extension Endpoint {
    /// Whether its streams say why they stopped, apart from that they have.
    fileprivate var statesReasons: Bool { self == .chatCompletions || self == .completions || self == .messages }
}

extension ByteSlice {
    fileprivate var isBlankLines: Bool {
        for index in 0..<count where self[index] != 0x0A && self[index] != 0x0D { return false }
        return true
    }
}

extension StoredFields {
    /// Whether the body is coded, so that it cannot be read.
    static func isCoded(_ fields: ByteSlice) -> Bool {
        var start = 0
        while start < fields.count {
            let end = fields.firstIndex(of: UInt8(ascii: "\n"), from: start).map { $0 + 1 } ?? fields.count
            let line = fields[start..<end]
            if line.hasPrefix(ignoringCase: "content-encoding:") {
                let value = line.dropFirst(17)
                let coding = value.prefix(value.firstIndex(of: UInt8(ascii: "\r")) ?? value.count).trimmed
                if !coding.equalsIgnoringCase("identity") { return true }
            }
            start = end
        }
        return false
    }
}
