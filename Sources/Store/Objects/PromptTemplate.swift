public import JSON

/// What a version of a prompt says: a template, and what goes with it into a request. Of a partial there is the text alone.
public struct PromptTemplate: Sendable {
    /// The messages' JSON, or a completion's text, with the template's tags in it.
    public var string = ""
    /// Whether it becomes JSON only when it is rendered.
    public var isRaw = false
    /// The slug of a virtual key.
    public var virtualKey: String?
    public var model: String?
    /// An object of the request's members; nil for none.
    public var parameters: DocumentNode?
    /// A list, as requests have it.
    public var functions: DocumentNode?
    public var tools: DocumentNode?
    public var toolChoice: DocumentNode?
    /// An object; `template_type` says `chat` where it is one.
    public var metadata: DocumentNode?

    public init() {}

    /// Reads what `json` wrote.
    public init(json text: String) {
        guard let root = DocumentParser.parse(text).document?.root, case .object(let members) = root.value else { return }
        for member in members {
            switch (member.name, member.value.value) {
            case ("string", .string(let text)): string = text
            case ("is_raw_template", .boolean(let flag)): isRaw = flag
            case ("virtual_key", .string(let text)): virtualKey = text
            case ("model", .string(let text)): model = text
            case ("parameters", _): parameters = member.value
            case ("functions", _): functions = member.value
            case ("tools", _): tools = member.value
            case ("tool_choice", _): toolChoice = member.value
            case ("template_metadata", _): metadata = member.value
            default: continue
            }
        }
    }

    /// An object, with the names that requests have.
    public var json: String {
        var members = [DocumentText.member("string", .string(string))]
        if isRaw { members.append(DocumentText.member("is_raw_template", .boolean(true))) }
        for (name, text) in [("virtual_key", virtualKey), ("model", model)] {
            if let text { members.append(DocumentText.member(name, .string(text))) }
        }
        let documents = [
            ("parameters", parameters), ("functions", functions), ("tools", tools), ("tool_choice", toolChoice), ("template_metadata", metadata),
        ]
        for (name, node) in documents {
            if let node { members.append(DocumentText.member(name, node.value)) }
        }
        return String(decoding: DocumentNode(.object(members), at: .start).json, as: UTF8.self)
    }
}
