import Bytes
import Foundation
import JSON
import Testing

@testable import Providers

/// What a reader made of an answer, as text: one line for each thing said, runs of text joined, choice by choice.
struct GeminiMessage {
    private var begin = ""
    private var choices: [Int: [String]] = [:]
    private var tail: [String] = []
    private var usage = ""
    private(set) var lastUsage: Usage?

    mutating func add(_ piece: AnswerPiece) {
        switch piece.kind {
        case .begin(let id, let model): begin += "begin \(text(id)) \(text(model))\n"
        case .text(let words): say("text", words, piece.choice)
        case .thinking(let words): say("thinking", words, piece.choice)
        case .signature(let words): line("signature \(String(words.content))", piece.choice)
        case .redactedThinking, .refusal: line("never Gemini's", piece.choice)
        case .toolCall(let id, let name, let signature): line("call \(piece.slot) \(text(id)) \(text(name)) \(text(signature)) ", piece.choice)
        case .argumentsText(let arguments): complete(String(arguments.content), piece)
        case .arguments(let arguments): complete(compact(arguments), piece)
        case .image(let type, let data): line("image \(String(type)) \(String(data))", piece.choice)
        case .native(let name, let value): line("native \(name) \(compact(value))", piece.choice)
        case .logprobs: line("never Gemini's", piece.choice)
        case .finish(let reason, let word, _): line("finish \(reason) \(text(word))", piece.choice)
        case .usage(let counts):
            lastUsage = counts
            usage = "usage \(describe(counts))\n"
        case .failure(let fault): tail.append("failure \(text(fault.type)) \(fault.code.map { String($0.bytes) } ?? "-") \(String(fault.message.content))\n")
        }
    }

    var description: String {
        begin + choices.sorted { $0.key < $1.key }.flatMap { choice, lines in lines.map { "\(choice) \($0)\n" } }.joined() + tail.joined() + usage
    }

    private func text(_ string: JSONString?) -> String { string.map { String($0.content) } ?? "-" }

    private mutating func line(_ line: String, _ choice: Int) { choices[choice, default: []].append(line) }

    private mutating func say(_ kind: String, _ words: JSONString, _ choice: Int) {
        guard let last = choices[choice]?.indices.last, choices[choice]?[last].hasPrefix("\(kind) ") == true else {
            return line("\(kind) \(String(words.content))", choice)
        }
        choices[choice]?[last] += String(words.content)
    }

    /// Adds a call's arguments to its line.
    private mutating func complete(_ arguments: String, _ piece: AnswerPiece) {
        guard let at = choices[piece.choice]?.lastIndex(where: { $0.hasPrefix("call \(piece.slot) ") }) else {
            return line("arguments of no call", piece.choice)
        }
        choices[piece.choice]?[at] += arguments
    }

    private func describe(_ usage: Usage) -> String {
        [
            ("input", usage.input), ("cachedRead", usage.cachedRead), ("audioCached", usage.audioCached), ("audioInput", usage.audioInput),
            ("imageInput", usage.imageInput), ("output", usage.output), ("reasoning", usage.reasoning), ("audioOutput", usage.audioOutput),
            ("imageOutput", usage.imageOutput),
        ].filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// The value without white space between its tokens.
    private func compact(_ value: JSONValue) -> String {
        switch value.kind {
        case .object: "{" + value.members.map { "\"\(String($0.name.content))\":\(compact($0.value))" }.joined(separator: ",") + "}"
        case .array: "[" + value.elements.map { compact($0) }.joined(separator: ",") + "]"
        default: String(value.bytes)
        }
    }
}

/// A transcript of Tests/Fixtures/gemini.
struct GeminiTranscript: CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    static let all = ["text", "thinking", "calls", "candidates", "blocked", "native", "audio"].map(GeminiTranscript.init)
    static let error = GeminiTranscript(name: "error")

    func file(_ ending: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/gemini")
        return try String(contentsOf: folder.appending(path: "\(name).\(ending)"), encoding: .utf8)
    }

    /// The data of the stream's events.
    func events() throws -> [String] {
        try file("sse").split(separator: "\r\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    }
}
