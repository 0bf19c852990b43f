public import Bytes
import JSON
import Templates

/// Makes the body of a provider's request of a stored prompt and of what the caller says.
///
/// Make one a worker: its memory is used again, and a rendering that succeeds allocates nothing but where its tables grow.
public struct PromptRenderer: ~Copyable {
    private var request = JSONTape(nodeLimit: PromptLimits.valueCount)
    private var nothing = JSONTape()
    private var templates = TemplateRenderer()

    public init() {}

    /// Appends the body: what the prompt was saved with, its template filled with the request's `variables`, and all else that the request
    /// says, which goes before what was saved.
    ///
    /// - Parameters:
    ///   - request: `{"variables":{…},"temperature":0.2,…}`; an empty one says nothing.
    ///   - workspace: the caller's, whose partials these are; negative for one to whom all are open.
    /// - Throws: what was written before stays.
    public mutating func write(
        _ prompt: CompiledPrompt, _ request: ByteSlice, partials: PromptTable, in workspace: Int32, into writer: inout ByteWriter
    ) throws(PromptFault) {
        if let fault = prompt.fault { throw .unusable(fault) }
        let root = try parse(request)
        guard root.isObject else { throw .notAnObject }
        let variables = try variables(of: root)
        guard root.count <= PromptLimits.memberCount else { throw .tooManyMembers }
        writer.append(UInt8(ascii: "{"))
        var isFirst = true
        for member in prompt.members {
            member.name.withByteSlice { name in
                guard root.member(name) == nil else { return }
                PromptRenderer.separate(&isFirst, &writer)
                member.text.withByteSlice { writer.append($0) }
            }
        }
        if root.member(prompt.isChat ? "messages" : "prompt") == nil {
            PromptRenderer.separate(&isFirst, &writer)
            try write(prompt, variables, partials, in: workspace, into: &writer)
        }
        for (name, value) in root.members where !(name == "variables") {
            PromptRenderer.separate(&isFirst, &writer)
            writer.append(UInt8(ascii: "\""))
            writer.append(name.content)
            writer.append("\":")
            writer.append(value.bytes)
        }
        writer.append(UInt8(ascii: "}"))
        if writer.overflowed { throw .tooLong }
    }

    private static func separate(_ isFirst: inout Bool, _ writer: inout ByteWriter) {
        if !isFirst { writer.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    private mutating func parse(_ text: ByteSlice) throws(PromptFault) -> JSONValue {
        do throws(JSONError) {
            return try request.parse(text.isEmpty ? ByteSlice("{}") : text)
        } catch {
            throw .notJSON(error)
        }
    }

    private mutating func variables(of root: JSONValue) throws(PromptFault) -> JSONValue {
        if let given = root["variables"] {
            guard given.isObject else { throw .variablesAreNoObject }
            return given
        }
        do throws(JSONError) {
            return try nothing.parse(ByteSlice("{}"))
        } catch {
            throw .notJSON(error)
        }
    }

    /// Writes the member that the template is rendered to.
    private mutating func write(
        _ prompt: CompiledPrompt, _ variables: JSONValue, _ table: PromptTable, in workspace: Int32, into writer: inout ByteWriter
    ) throws(PromptFault) {
        var partials = TablePartials(table, in: workspace)
        let template: Template
        do throws(TemplateError) { template = try prompt.template.get() } catch { throw .unusable("\(error)") }
        writer.append(prompt.isChat ? "\"messages\":" : "\"prompt\":\"")
        let start = writer.count
        do throws(RenderError) {
            try templates.render(template, variables, &partials, asContent: !prompt.isChat, into: &writer)
        } catch {
            throw error.fault == .tooLong ? .tooLong : .rendering(error)
        }
        if let fault = partials.fault { throw fault }
        if writer.overflowed { throw .tooLong }
        if prompt.isChat { return try PromptRenderer.judge(writer.written.dropFirst(start)) }
        writer.append(UInt8(ascii: "\""))
    }

    /// Messages are a JSON list.
    private static func judge(_ messages: ByteSlice) throws(PromptFault) {
        do throws(JSONError) {
            try JSONText.validate(messages)
        } catch {
            throw .result(error)
        }
        guard JSONView(messages)?.kind == .array else { throw .noMessages }
    }
}
