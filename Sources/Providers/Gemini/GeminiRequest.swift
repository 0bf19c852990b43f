public import Bytes
import JSON

/// Writes `GenerateContentRequest`, the body of `:generateContent` and `:streamGenerateContent`.
///
/// - Source: ai.google.dev/api/generate-content (all members), …/api/caching#Content (contents and parts)
public enum GeminiRequest {
    /// Writes `request` for Gemini. The model is not in the body but in the path: see `GeminiPath`; its name decides how thinking
    /// is asked for.
    public static func write(
        _ request: inout ChatRequest, _ options: RequestOptions, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        writer.append("{")
        try writeMembers(&request, options, to: &writer, &notes)
        writer.append("}")
    }

    /// Writes the members without their braces.
    static func writeMembers(
        _ request: inout ChatRequest, _ options: RequestOptions, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        let model = GeminiModel(request.model)
        let conversation = GeminiConversation(request.parts, model)
        writer.append("\"contents\":")
        try conversation.writeContents(to: &writer, &notes)
        try conversation.writeSystem(to: &writer, &notes)
        try GeminiTools.write(&request, to: &writer, &notes)
        try GeminiGeneration.write(&request, model, to: &writer, &notes)
        writeTier(&request, to: &writer)
        // Vertex AI knows no such member.
        if !options.isVertex, let store = request.honour(.store)?.bool { writer.append(store ? ",\"store\":true" : ",\"store\":false") }
        request.noteDropped(&notes)
    }

    /// Writes the members that are a prompt: all that Vertex AI counts.
    static func writePrompt(_ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        let conversation = GeminiConversation(request.parts, GeminiModel(request.model))
        writer.append("\"contents\":")
        try conversation.writeContents(to: &writer, &notes)
        try conversation.writeSystem(to: &writer, &notes)
        try GeminiTools.writeDeclarations(request, to: &writer)
        // Which tool is to be called changes no count.
        for parameter in [.tools, .toolChoice, .parallelToolCalls] as [ChatRequest.Parameter] { _ = request.honour(parameter) }
        request.noteDropped(&notes)
    }

    /// OpenAI's `auto` and Anthropic's leave the choice to the project's setting, as naming no tier does. A tier that is not
    /// here stays to be told of.
    private static func writeTier(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        guard let tier = request.value(of: .serviceTier) else { return }
        if tier.is("flex") {
            writer.append(",\"serviceTier\":\"flex\"")
        } else if tier.is("priority") {
            writer.append(",\"serviceTier\":\"priority\"")
        } else if tier.is("default") || tier.is("standard_only") {
            writer.append(",\"serviceTier\":\"standard\"")
        } else if !tier.is("auto") {
            return
        }
        _ = request.honour(.serviceTier)
    }
}
