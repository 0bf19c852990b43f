import Bytes
import Foundation
import JSON
import Testing

@testable import Providers

/// What a reader made of an answer, as text: one line for each thing said, runs of text joined, the usage last.
struct BedrockMessage {
    private var lines: [String] = []
    private var usage = ""
    private(set) var lastUsage: Usage?

    mutating func add(_ piece: AnswerPiece) {
        switch piece.kind {
        case .begin(let id, let model): lines.append(id == nil && model == nil ? "begin" : "begin with a name")
        case .text(let words): say("text", words)
        case .thinking(let words): say("thinking", words)
        case .signature(let words): lines.append("signature \(String(words.content))")
        case .redactedThinking(let words): lines.append("redacted \(String(words.content))")
        case .toolCall(let id, let name, _): lines.append("call \(piece.slot) \(text(id)) \(text(name)) ")
        case .argumentsText(let arguments): complete(written { arguments.decode(into: &$0) }, piece)
        case .arguments(let arguments): complete(String(arguments.bytes), piece)
        case .image(let type, let data): lines.append("image \(String(type)) \(String(data))")
        case .native(let name, let value): lines.append("native \(name) \(String(value.bytes))")
        case .finish(let reason, let word, let sequence): lines.append("finish \(reason) \(text(word)) \(text(sequence))")
        case .usage(let counts):
            lastUsage = counts
            usage = "usage \(describe(counts))\n"
        case .failure(let fault): lines.append("failure \(text(fault.type)) \(String(fault.message.content))")
        case .refusal, .logprobs: lines.append("never Bedrock's")
        }
    }

    var description: String { lines.map { "\($0)\n" }.joined() + usage }

    private func text(_ string: JSONString?) -> String { string.map { String($0.content) } ?? "-" }

    private mutating func say(_ kind: String, _ words: JSONString) {
        guard let last = lines.indices.last, lines[last].hasPrefix("\(kind) ") else { return lines.append("\(kind) \(spelled(words))") }
        lines[last] += spelled(words)
    }

    /// As it is decoded, on one line.
    private func spelled(_ words: JSONString) -> String { written { words.decode(into: &$0) }.replacing("\n", with: "\\n") }

    /// Adds a call's arguments to its line.
    private mutating func complete(_ arguments: String, _ piece: AnswerPiece) {
        guard let at = lines.lastIndex(where: { $0.hasPrefix("call \(piece.slot) ") }) else { return lines.append("arguments of no call") }
        lines[at] += arguments
    }

    private func describe(_ usage: Usage) -> String {
        [
            ("input", usage.input), ("cachedRead", usage.cachedRead), ("cacheWrite5m", usage.cacheWrite5m), ("cacheWrite1h", usage.cacheWrite1h),
            ("output", usage.output), ("reasoning", usage.reasoning),
        ].filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}

/// A transcript of Tests/Fixtures/bedrock.
struct BedrockTranscript: CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    static let all = ["text", "thinking", "calls", "blocked", "cited", "stop"].map(BedrockTranscript.init)

    func file(_ ending: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/bedrock")
        return try String(contentsOf: folder.appending(path: "\(name).\(ending)"), encoding: .utf8)
    }

    /// The stream's events: their names and their data.
    func events() throws -> [(type: String, data: String)] {
        try file("events").split(separator: "\n").map { line in
            let space = try #require(line.firstIndex(of: " "))
            return (String(line[..<space]), String(line[line.index(after: space)...]))
        }
    }
}
