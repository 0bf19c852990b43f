import Bytes
import JSON

// What a message or a delta says, calls apart: the same members in both.
extension OpenAIAnswerReader {
    static func readContent(of message: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        // Newer vLLM writes both; they are the same.
        if let thinking = filled(message["reasoning_content"]) ?? filled(message["reasoning"]) { emit(AnswerPiece(.thinking(thinking), choice: choice)) }
        if let details = message["reasoning_details"], !details.isEmptyContainer { readDetails(details, choice, emit) }
        if let content = message["content"] {
            if let text = filled(content) { emit(AnswerPiece(.text(text), choice: choice)) }
            for part in content.elements { readPart(part, choice, emit) }
        }
        if let refusal = filled(message["refusal"]) { emit(AnswerPiece(.refusal(refusal), choice: choice)) }
        if let images = message["images"] {
            for image in images.elements { readImage(image, choice, emit) }
        }
        if let annotations = message["annotations"], !annotations.isEmptyContainer {
            emit(AnswerPiece(.native(name: "annotations", annotations), choice: choice))
        }
        if let audio = message["audio"] { emit(AnswerPiece(.native(name: "audio", audio), choice: choice)) }
    }

    /// OpenRouter's details of thinking repeat its text; the proof of it stands only there.
    private static func readDetails(_ details: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        for detail in details.elements {
            if let signature = filled(detail["signature"]) { emit(AnswerPiece(.signature(signature), choice: choice)) }
        }
        emit(AnswerPiece(.native(name: "reasoning_details", details), choice: choice))
    }

    /// Mistral's content in parts: text, and thinking that has parts itself.
    private static func readPart(_ part: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        guard let type = part["type"] else { return }
        if type.is("text") || type.is("output_text") {
            if let text = filled(part["text"]) { emit(AnswerPiece(.text(text), choice: choice)) }
        } else if type.is("thinking") {
            guard let thinking = part["thinking"] else { return }
            if let text = filled(thinking) { emit(AnswerPiece(.thinking(text), choice: choice)) }
            for inner in thinking.elements {
                if let text = filled(inner["text"]) { emit(AnswerPiece(.thinking(text), choice: choice)) }
            }
            if let signature = filled(part["signature"]) { emit(AnswerPiece(.signature(signature), choice: choice)) }
        } else if type.is("image_url") {
            readImage(part, choice, emit)
        } else {
            emit(AnswerPiece(.native(name: "content_parts", part), choice: choice))
        }
    }

    /// OpenRouter's pictures, as `data:` URLs; others are told as they came.
    private static func readImage(_ image: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        let url = image["image_url"]?.string ?? image["image_url"]?["url"]?.string
        if let data = url.flatMap({ DataURL($0) }) {
            emit(AnswerPiece(.image(type: data.type, data: data.data), choice: choice))
        } else {
            emit(AnswerPiece(.native(name: "images", image), choice: choice))
        }
    }

    /// A call's arguments, as a string or, from hosts that do not write one, as JSON.
    static func readArguments(of function: JSONValue, _ choice: Int, _ slot: Int, _ emit: (AnswerPiece) -> Void) {
        guard let arguments = function["arguments"] else { return }
        if let text = filled(arguments) { emit(AnswerPiece(.argumentsText(text), choice: choice, slot: slot)) }
        if arguments.isObject { emit(AnswerPiece(.arguments(arguments), choice: choice, slot: slot)) }
    }

    /// Gemini's proof of the thinking behind a call: Google's own place for it, and Portkey's.
    static func signature(of call: JSONValue) -> JSONString? {
        filled(call["extra_content"]?["google"]?["thought_signature"]) ?? filled(call["function"]?["thought_signature"])
    }
}
