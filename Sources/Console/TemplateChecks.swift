import Bytes
import JSON
import Store
import Templates

/// What templates of prompts are held to, before they are stored.
extension Console {
    /// Refuses a template that could never be rendered. Whatever saves a version comes by here.
    ///
    /// - Parameter isPartial: whether it stands in prompts, and is no request by itself.
    func check(template: PromptTemplate, isPartial: Bool) throws(ConsoleError) {
        let byteCount = template.json.utf8.count
        guard byteCount <= ConsoleLimits.templateByteCount else {
            throw .invalid("string", "and what goes with it come to \(byteCount) bytes as JSON; at most \(ConsoleLimits.templateByteCount) are kept")
        }
        try checkTags(of: template.string)
        if !isPartial { try checkMessages(of: template) }
    }

    private func checkTags(of text: String) throws(ConsoleError) {
        let fault = Array(text.utf8).withByteSlice { bytes -> TemplateError? in
            do throws(TemplateError) { _ = try Template(bytes) } catch { return error }
            return nil
        }
        if let fault { throw .invalid("string", "is no template: \(fault)") }
    }

    /// Messages that are JSON as they stand are a list of objects with a role each.
    private func checkMessages(of template: PromptTemplate) throws(ConsoleError) {
        let isChat = template.metadata?["template_type"]?.string == "chat"
        // What a section or a partial puts there is seen when it is rendered.
        let isWhole = !template.isRaw && !["{{#", "{{^", "{{>"].contains { template.string.contains($0) }
        guard isChat, isWhole else { return }
        let hint = "`template_type` says that it is a chat; a template that is JSON only once it is rendered has `is_raw_template: 1`"
        let (document, diagnostics) = DocumentParser.parse(template.string)
        guard let document else { throw .invalid("string", "is no JSON: \(diagnostics.first?.message ?? "it is empty"); \(hint)") }
        guard case .array(let messages) = document.root.value, !messages.isEmpty else { throw .invalid("string", "is no list of messages; \(hint)") }
        for (index, message) in messages.enumerated() where message["role"]?.string == nil {
            throw .invalid("string", "has no `role` in its message [\(index)]")
        }
    }

    /// A prompt is sent with a virtual key that its workspace reaches, as a config is.
    func check(virtualKey named: String, in scope: Scope) throws(ConsoleError) {
        let slug = named.hasPrefix("@") ? String(named.dropFirst()) : named
        if file.catalog.virtualKeys.contains(where: { $0.slug == slug }) { return }
        guard try virtualKey(slug, in: scope) != nil else {
            throw .invalid("virtual_key", "names no virtual key or provider that this workspace reaches: \(quoted(slug))")
        }
    }
}
