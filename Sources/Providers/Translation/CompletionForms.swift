public import Bytes
import JSON

/// A text completion in its two forms. Both are objects of one kind: an event's choice has a part of the text.
///
/// - Source: openai-python `types/completion.py`, `types/completion_choice.py`
extension Translator {
    /// Writes what a complete stream of completions adds up to.
    ///
    /// - Parameter usage: what the answer took, for streams that do not say it.
    public mutating func writeWholeCompletion(usage: Usage?, to writer: inout ByteWriter, _ events: Events) throws(TranslationFault) {
        var choiceCount: Int64 = 0
        var ownUsage = false
        var at = 0
        while let data = events(&at) {
            let event = try parse(data)
            try CompletionForms.check(event)
            for choice in event["choices"]?.elements.map({ $0 }) ?? [] { choiceCount = max(choiceCount, (choice["index"]?.integer ?? 0) + 1) }
            if event["usage"] != nil { ownUsage = true }
        }
        guard choiceCount > 0, choiceCount <= Limits.choices else { throw TranslationFault(.unsupported, "\(choiceCount) choices") }
        at = 0
        guard let first = events(&at) else { throw TranslationFault(.unreadable, "no events") }
        CompletionForms.writeHead(try parse(first), to: &writer)
        for index in 0..<choiceCount {
            writer.append(index == 0 ? "{\"text\":\"" : ",{\"text\":\"")
            var finish = ByteSlice("null")
            at = 0
            while let data = events(&at) {
                let event = try parse(data)
                for choice in event["choices"]?.elements.map({ $0 }) ?? [] where choice["index"]?.integer ?? 0 == index {
                    if let text = choice["text"]?.string { writer.append(text.content) }
                    if let reason = choice["finish_reason"] { finish = reason.bytes }
                }
            }
            writer.append("\",\"index\":")
            writer.append(decimal: Int(index))
            writer.append(",\"logprobs\":null,\"finish_reason\":")
            writer.append(finish)
            writer.append("}")
        }
        writer.append("]")
        at = 0
        while ownUsage, let data = events(&at) {
            guard let stated = try parse(data)["usage"] else { continue }
            writer.append(",\"usage\":")
            writer.append(stated.bytes)
            break
        }
        if !ownUsage, let usage { CompletionForms.writeUsage(usage, to: &writer) }
        writer.append("}")
    }

    /// Writes a whole completion as a stream: an event for each choice.
    public mutating func writeCompletionStream(_ answer: ByteSlice, includesUsage: Bool, to writer: inout ByteWriter) throws(TranslationFault) {
        let root = try parse(answer)
        try CompletionForms.check(root)
        guard let choices = root["choices"] else { throw TranslationFault(.unreadable, "no choices") }
        for choice in choices.elements {
            writer.append("data: ")
            CompletionForms.writeHead(root, to: &writer)
            writer.append(choice.bytes)
            writer.append(includesUsage ? "],\"usage\":null}\n\n" : "]}\n\n")
        }
        if includesUsage, let usage = root["usage"] {
            writer.append("data: ")
            CompletionForms.writeHead(root, to: &writer)
            writer.append("],\"usage\":")
            writer.append(usage.bytes)
            writer.append("}\n\n")
        }
        writer.append("data: [DONE]\n\n")
    }

    mutating func parse(_ text: ByteSlice) throws(TranslationFault) -> JSONValue {
        do throws(JSONError) {
            return try tape.parse(text)
        } catch {
            throw TranslationFault(.unreadable, "not JSON: \(error)")
        }
    }
}

private enum CompletionForms {
    /// Whether all that it says has a place in the other form.
    static func check(_ answer: JSONValue) throws(TranslationFault) {
        if let name = AnswerPlaces.other(in: answer, than: "id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier") {
            throw TranslationFault(.unsupported, name)
        }
        guard let choices = answer["choices"] else { return }
        for choice in choices.elements {
            if let name = AnswerPlaces.other(in: choice, than: "text", "index", "finish_reason") { throw TranslationFault(.unsupported, name) }
            // Its value would stand in a line of a stream as it is.
            if choice.bytes.firstIndex(of: 0x0A) != nil || choice.bytes.firstIndex(of: 0x0D) != nil { throw TranslationFault(.unsupported, "line ends") }
        }
    }

    /// Up to the first of the choices.
    static func writeHead(_ answer: JSONValue, to writer: inout ByteWriter) {
        writer.append("{")
        for name in ["id", "object", "created", "model"] as [StaticString] {
            guard let value = answer[name] else { continue }
            writer.append("\"")
            writer.append(name)
            writer.append("\":")
            writer.append(value.bytes)
            writer.append(",")
        }
        writer.append("\"choices\":[")
    }

    static func writeUsage(_ usage: Usage, to writer: inout ByteWriter) {
        writer.append(",\"usage\":{\"prompt_tokens\":")
        writer.append(decimal: Int(usage.input))
        writer.append(",\"completion_tokens\":")
        writer.append(decimal: Int(usage.output))
        writer.append(",\"total_tokens\":")
        writer.append(decimal: Int(usage.input &+ usage.output))
        writer.append("}")
    }
}
