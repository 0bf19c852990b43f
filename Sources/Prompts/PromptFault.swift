public import JSON
public import Templates

/// Why a request for a stored prompt is not rendered.
public enum PromptFault: Error, Equatable, Sendable {
    case unknownPrompt
    /// There is a prompt, and no such version or label of it.
    case unknownVersion(String)
    /// There is such a version, and too many others are kept before it.
    case versionNotKept(Int64)
    /// The request's body.
    case notJSON(JSONError)
    case notAnObject
    case variablesAreNoObject
    case tooManyMembers
    /// What is saved cannot be used, whatever the variables are.
    case unusable(String)
    case rendering(RenderError)
    case missingPartials([String])
    /// Variables that do not name a partial.
    case missingVariables([String])
    /// What is rendered is no JSON.
    case result(JSONError)
    /// It is, and no list of messages.
    case noMessages
    case tooLong
}

extension PromptFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownPrompt: "Invalid prompt id"
        case .unknownVersion(let name): "Invalid prompt id: the prompt has no version and no label \(quoted(name))"
        case .versionNotKept(let number):
            "version \(number) of the prompt is one of too many to have at hand: publish it, or give it a label"
        case .notJSON(let error): "the request body is not JSON: \(error)"
        case .notAnObject: "the request body is not a JSON object"
        case .variablesAreNoObject: "variables is not an object"
        case .tooManyMembers: "the request body has more than \(PromptLimits.memberCount) members beside its variables"
        case .unusable(let reason): "Error in parsing prompt template: \(reason)"
        case .rendering(let error): "Error in parsing prompt template: \(error)"
        case .missingPartials(let names): "Missing prompt partials: \(names.joined(separator: ", "))"
        case .missingVariables(let names): "Missing variable partials: \(names.joined(separator: ", "))"
        case .result(let error): "Error in parsing prompt template: with these variables it is not JSON: \(error)"
        case .noMessages: "Error in parsing prompt template: with these variables it is not a list of messages"
        case .tooLong: "the rendered prompt is too long"
        }
    }
}
