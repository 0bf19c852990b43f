public import Bytes
import JSON

/// A response in its two forms. A stream's last event has the whole of it; a stream is the same, begun and filled item by item.
///
/// - Source: openai-python `types/responses/response.py`, `response_stream_event.py`
extension Translator {
    /// Writes the response that a complete stream ends with.
    public mutating func writeWholeResponse(to writer: inout ByteWriter, _ events: Events) throws(TranslationFault) {
        var at = 0
        while let data = events(&at) {
            let event = try parse(data)
            guard let type = event["type"]?.string, type == "response.completed", let response = event["response"] else { continue }
            return writer.append(response.bytes)
        }
        throw TranslationFault(.unreadable, "the stream does not end with a response")
    }

    /// Writes a whole response as a stream.
    public mutating func writeResponseStream(_ answer: ByteSlice, to writer: inout ByteWriter) throws(TranslationFault) {
        let root = try parse(answer)
        // What is taken over as it is stands in one line of the stream.
        guard answer.firstIndex(of: 0x0A) == nil, answer.firstIndex(of: 0x0D) == nil else { throw TranslationFault(.unsupported, "line ends") }
        var events = ResponseEvents()
        events.writeBeginning(root, "response.created", to: &writer)
        events.writeBeginning(root, "response.in_progress", to: &writer)
        var index = 0
        if let output = root["output"] {
            for item in output.elements {
                try events.write(item, at: index, to: &writer)
                index += 1
            }
        }
        events.begin("response.completed", to: &writer)
        writer.append(",\"response\":")
        writer.append(root.bytes)
        writer.append("}\n\n")
    }
}

/// The events of one stream, numbered.
private struct ResponseEvents {
    private var number = 0

    mutating func begin(_ name: StaticString, to writer: inout ByteWriter) {
        writer.append("event: ")
        writer.append(name)
        writer.append("\ndata: {\"type\":\"")
        writer.append(name)
        writer.append("\",\"sequence_number\":")
        writer.append(decimal: number)
        number += 1
    }

    /// The response before it has any output.
    mutating func writeBeginning(_ root: JSONValue, _ name: StaticString, to writer: inout ByteWriter) {
        begin(name, to: &writer)
        writer.append(",\"response\":")
        ResponseEvents.write(root, to: &writer) { name in
            name == "status" ? "\"in_progress\"" : name == "output" ? "[]" : name == "usage" || name == "completed_at" ? "null" : nil
        }
        writer.append("}\n\n")
    }

    /// All events of one item of the output.
    mutating func write(_ item: JSONValue, at index: Int, to writer: inout ByteWriter) throws(TranslationFault) {
        guard let type = item["type"]?.string, let id = item["id"]?.string else { throw TranslationFault(.unsupported, "an item without type or id") }
        begin("response.output_item.added", to: &writer)
        writer.append(",\"output_index\":")
        writer.append(decimal: index)
        writer.append(",\"item\":")
        ResponseEvents.write(item, to: &writer) { name in
            name == "status" ? "\"in_progress\"" : name == "content" || name == "summary" ? "[]" : name == "arguments" ? "\"\"" : nil
        }
        writer.append("}\n\n")
        if type == "message" {
            try writeParts(of: item, "content", "output_text", Names.text, id, index, to: &writer)
        } else if type == "reasoning" {
            if let content = item["content"], !content.isEmptyContainer { throw TranslationFault(.unsupported, "the text of reasoning") }
            try writeParts(of: item, "summary", "summary_text", Names.summary, id, index, to: &writer)
        } else if type == "function_call", let arguments = item["arguments"], arguments.isString {
            beginPlaced("response.function_call_arguments.delta", id, index, to: &writer)
            ResponseEvents.end("delta", arguments, to: &writer)
            beginPlaced("response.function_call_arguments.done", id, index, to: &writer)
            ResponseEvents.end("arguments", arguments, to: &writer)
        } else {
            throw TranslationFault(.unsupported, "an item \(String(type.content.prefix(min(type.content.count, 64))))")
        }
        begin("response.output_item.done", to: &writer)
        writer.append(",\"output_index\":")
        writer.append(decimal: index)
        ResponseEvents.end("item", item, to: &writer)
    }

    /// The events of one kind of part.
    private struct Names {
        let place: StaticString
        let added: StaticString
        let delta: StaticString
        let textDone: StaticString
        let done: StaticString

        static let text = Names(
            place: "content_index", added: "response.content_part.added", delta: "response.output_text.delta", textDone: "response.output_text.done",
            done: "response.content_part.done")
        static let summary = Names(
            place: "summary_index", added: "response.reasoning_summary_part.added", delta: "response.reasoning_summary_text.delta",
            textDone: "response.reasoning_summary_text.done", done: "response.reasoning_summary_part.done")
    }

    private mutating func writeParts(
        of item: JSONValue, _ member: StaticString, _ type: StaticString, _ names: Names, _ id: JSONString, _ index: Int, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        guard let parts = item[member] else { return }
        let isAnswer = ByteSlice(member) == "content"
        var number = 0
        for part in parts.elements {
            guard part.is("type", type), let text = part["text"], text.isString else { throw TranslationFault(.unsupported, "a part that is no text") }
            // Notes on the text, and its probabilities, have events of their own.
            if let name = AnswerPlaces.other(in: part, than: "type", "text") { throw TranslationFault(.unsupported, name) }
            let place = { (writer: inout ByteWriter) in
                writer.append(",\"")
                writer.append(names.place)
                writer.append("\":")
                writer.append(decimal: number)
            }
            beginPlaced(names.added, id, index, to: &writer)
            place(&writer)
            writer.append(",\"part\":")
            ResponseEvents.write(part, to: &writer) { $0 == "text" ? "\"\"" : nil }
            writer.append("}\n\n")
            beginPlaced(names.delta, id, index, to: &writer)
            place(&writer)
            if isAnswer { writer.append(",\"logprobs\":[]") }
            ResponseEvents.end("delta", text, to: &writer)
            beginPlaced(names.textDone, id, index, to: &writer)
            place(&writer)
            if isAnswer { writer.append(",\"logprobs\":[]") }
            ResponseEvents.end("text", text, to: &writer)
            beginPlaced(names.done, id, index, to: &writer)
            place(&writer)
            ResponseEvents.end("part", part, to: &writer)
            number += 1
        }
    }

    private mutating func beginPlaced(_ name: StaticString, _ id: JSONString, _ index: Int, to writer: inout ByteWriter) {
        begin(name, to: &writer)
        writer.append(",\"item_id\":\"")
        writer.append(id.content)
        writer.append("\",\"output_index\":")
        writer.append(decimal: index)
    }

    /// An event's last member.
    private static func end(_ name: StaticString, _ value: JSONValue, to writer: inout ByteWriter) {
        writer.append(",\"")
        writer.append(name)
        writer.append("\":")
        writer.append(value.bytes)
        writer.append("}\n\n")
    }

    /// The object, with other values for some of its members.
    private static func write(_ object: JSONValue, to writer: inout ByteWriter, replacing: (JSONString) -> StaticString?) {
        var isFirst = true
        writer.append("{")
        for (name, value) in object.members {
            if !isFirst { writer.append(",") }
            isFirst = false
            writer.append("\"")
            writer.append(name.content)
            writer.append("\":")
            if let other = replacing(name) { writer.append(other) } else { writer.append(value.bytes) }
        }
        writer.append("}")
    }
}

extension JSONValue {
    fileprivate func `is`(_ name: StaticString, _ word: StaticString) -> Bool { self[name]?.is(word) == true }
}
