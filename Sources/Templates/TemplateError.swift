import Bytes

/// Why a text is no template, and where.
public struct TemplateError: Error, Equatable, Sendable {
    public enum Fault: Equatable, Sendable {
        case unclosedTag
        case emptyName
        case unclosedSection(String)
        /// A section is closed where none is open.
        case unopenedSection(String)
        /// A section is closed while another one is open.
        case otherSection(closed: String, open: String)
        case malformedDelimiters
        case tooLong(limit: Int)
        case tooManyTags(limit: Int)
        case nameTooLong(limit: Int)
        case tooDeep(limit: Int)
        case tooFarIndented(limit: Int)
    }

    public let fault: Fault
    /// Bytes before the tag at fault.
    public let offset: Int
    /// From 1, the line in which that tag stands.
    public let line: Int

    init(_ fault: Fault, at offset: Int, in text: ByteSlice) {
        self.fault = fault
        self.offset = offset
        var line = 1
        var at = 0
        while let newline = text.firstIndex(of: UInt8(ascii: "\n"), from: at), newline < offset {
            line += 1
            at = newline + 1
        }
        self.line = line
    }
}

extension TemplateError: CustomStringConvertible {
    /// Such as `line 2, byte 17: section "items" is not closed`.
    public var description: String { "line \(line), byte \(offset): \(sentence)" }

    private var sentence: String {
        switch fault {
        case .unclosedTag: "a tag is not closed"
        case .emptyName: "a tag has no name"
        case .unclosedSection(let name): "section \"\(name)\" is not closed"
        case .unopenedSection(let name): "section \"\(name)\" is closed, and was not opened"
        case .otherSection(let closed, let open): "section \"\(closed)\" is closed while \"\(open)\" is open"
        case .malformedDelimiters: "delimiters are set as {{=<% %>=}}: two of at most \(TemplateLimits.delimiterByteCount) bytes, without =, a blank between them"
        case .tooLong(let limit): "a template has at most \(limit) bytes"
        case .tooManyTags(let limit): "a template has at most \(limit) tags and texts between them"
        case .nameTooLong(let limit): "a name has at most \(limit) bytes"
        case .tooDeep(let limit): "sections are nested at most \(limit) deep"
        case .tooFarIndented(let limit): "a partial on a line of its own has at most \(limit) blanks before it"
        }
    }
}

/// Why a template cannot be rendered with these variables.
public struct RenderError: Error, Equatable, Sendable {
    public enum Fault: UInt8, Sendable {
        /// The result does not fit where it is written to.
        case tooLong
        /// More than `TemplateLimits.stepCount`.
        case tooManySteps
        /// More sections and partials inside each other than `TemplateLimits` has them.
        case tooDeep
        /// A tag stands within an escape of a JSON string, which what is written for it would end otherwise.
        case insideEscape
    }

    public let fault: Fault
    /// Bytes before the tag's name, or the text, in its own template: a partial has its own.
    public let offset: Int

    init(_ fault: Fault, at offset: Int) {
        self.fault = fault
        self.offset = offset
    }
}

extension RenderError: CustomStringConvertible {
    public var description: String { "byte \(offset): \(sentence)" }

    private var sentence: String {
        switch fault {
        case .tooLong: "what is rendered is too long"
        case .tooManySteps: "rendering takes more than \(TemplateLimits.stepCount) steps"
        case .tooDeep: "sections and partials are too deep inside each other; a partial may include itself without end"
        case .insideEscape: "a tag stands right behind a backslash"
        }
    }
}
