import Bytes

/// A language in which code is written, and the tags under which Markdown has it.
public enum CodeFormat: String, CaseIterable, Sendable {
    case sql = "SQL"
    case python = "Python"
    case typeScript = "TypeScript"
    case javaScript = "JavaScript"
    case java = "Java"
    case cSharp = "C#"
    case cPlusPlus = "C++"
    case c = "C"
    case ruby = "Ruby"
    case php = "PHP"
    case swift = "Swift"
    case kotlin = "Kotlin"
    case go = "Go"
    case rust = "Rust"
    case scala = "Scala"
    case r = "R"
    case perl = "Perl"
    case shell = "Shell"
    case powerShell = "PowerShell"
    case html = "HTML"
    case css = "CSS"
    case xml = "XML"
    case json = "JSON"
    case yaml = "YAML"
    case markdown = "Markdown"
    case dockerfile = "Dockerfile"

    /// Lower case; a tag is letters, digits and `_`.
    private var tags: [StaticString] {
        switch self {
        case .sql: ["sql"]
        case .python: ["python", "py", "python3"]
        case .typeScript: ["typescript", "ts", "tsx"]
        case .javaScript: ["javascript", "js", "jsx"]
        case .java: ["java"]
        case .cSharp: ["csharp", "cs"]
        case .cPlusPlus: ["cpp", "cxx"]
        case .c: ["c"]
        case .ruby: ["ruby", "rb"]
        case .php: ["php"]
        case .swift: ["swift"]
        case .kotlin: ["kotlin", "kt"]
        case .go: ["go", "golang"]
        case .rust: ["rust", "rs"]
        case .scala: ["scala"]
        case .r: ["r"]
        case .perl: ["perl", "pl"]
        case .shell: ["shell", "sh", "bash", "zsh"]
        case .powerShell: ["powershell", "ps1"]
        case .html: ["html"]
        case .css: ["css"]
        case .xml: ["xml"]
        case .json: ["json"]
        case .yaml: ["yaml", "yml"]
        case .markdown: ["markdown", "md"]
        case .dockerfile: ["dockerfile"]
        }
    }

    /// Whether `text` has a fenced block of this language: three backquotes and its tag on a line, and a line that begins with three more.
    /// - Source: the wire reference §7.3
    func hasBlock(in text: ByteSlice) -> Bool {
        let fence = ByteSlice("```")
        var at = 0
        while let opening = text.firstRange(of: fence, from: at) {
            var end = opening.upperBound
            while end < text.count, CodeFormat.isTagByte(text[end]) { end += 1 }
            guard end > opening.upperBound, end < text.count, text[end] == 0x0A else {
                // Of more than three backquotes the last three are the fence.
                at = opening.lowerBound + 1
                continue
            }
            // Without an end here there is none further on either.
            guard let closing = text.firstRange(of: ByteSlice("\n```"), from: end + 1) else { return false }
            if isTagged(text[opening.upperBound..<end]) { return true }
            at = closing.upperBound
        }
        return false
    }

    private func isTagged(_ tag: ByteSlice) -> Bool {
        for known in tags where tag.equalsIgnoringCase(known) { return true }
        return false
    }

    private static func isTagByte(_ byte: UInt8) -> Bool { ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") }
}
