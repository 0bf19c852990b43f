import Bytes
import HTTP

/// Why a transcript cannot be played: a line, counted from 1, and what would be right.
public struct TranscriptError: Error, Equatable, CustomStringConvertible {
    public let line: Int
    public let reason: String

    public var description: String { "\(line): \(reason)" }
}

/// Answers written down in a file, to be given one after another whatever is asked.
///
///     status: 200
///     header: content-type: text/event-stream
///     gap: 5
///
///     data: {"id":1}
///
///     data: [DONE]
///
///     ---
///     status: 503
///
///     {"error":"busy"}
///
/// A body is every byte between the blank line and the line `---` that starts the next answer, or the file's end.
public struct MockTranscript: Sendable {
    /// One answer, its bytes its own.
    struct Answer: Sendable {
        var status = 200
        /// Field lines as they are sent.
        var fields: [UInt8] = []
        var body: [UInt8] = []
        /// Of a stream: each event with its blank line, and what is behind the last one.
        var events: [Range<Int>] = []
        var isStream = false
        var latencyNanoseconds: UInt64 = 0
        var gapNanoseconds: UInt64 = 0

        func writeEvent(_ index: Int, into output: inout Output) {
            body.withByteSlice { output.append($0[events[index]]) }
        }
    }

    let answers: [Answer]

    /// Reads a transcript's text.
    public init(_ text: [UInt8]) throws(TranscriptError) {
        guard text.count <= MockLimits.transcriptByteCount else {
            throw TranscriptError(line: 1, reason: "a transcript has at most \(MockLimits.transcriptByteCount) bytes")
        }
        answers = try text.withByteSlice { bytes throws(TranscriptError) in
            var lines = Lines(bytes)
            var answers: [Answer] = []
            repeat { answers.append(try Answer(&lines)) } while lines.isAtAnswer
            return answers
        }
    }
}

/// A text's lines, each with its number.
private struct Lines {
    let text: ByteSlice
    var at = 0
    var number = 0
    /// Whether the line last taken separates two answers.
    var isAtAnswer = false

    init(_ text: ByteSlice) { self.text = text }

    /// The next line without its end, and where it starts.
    mutating func next() -> (line: ByteSlice, start: Int)? {
        guard at < text.count else { return nil }
        let start = at
        let end = text.firstIndex(of: 0x0A, from: at) ?? text.count
        at = min(end + 1, text.count)
        number += 1
        var line = text[start..<end]
        if !line.isEmpty, line[line.count - 1] == 0x0D { line = line.prefix(line.count - 1) }
        return (line, start)
    }
}

extension MockTranscript.Answer {
    fileprivate init(_ lines: inout Lines) throws(TranscriptError) {
        lines.isAtAnswer = false
        var saysType = false
        while let (line, _) = lines.next() {
            if line.isEmpty { break }
            if line == "---" { throw TranscriptError(line: lines.number, reason: "an answer has a blank line between its front lines and its body") }
            try read(line, at: lines.number, &saysType)
        }
        let start = lines.at
        var end = lines.text.count
        while let (line, lineStart) = lines.next() {
            guard line == "---" else { continue }
            end = lineStart
            lines.isAtAnswer = true
            break
        }
        let bytes = lines.text[start..<max(start, end)]
        body = [UInt8](bytes)
        if !saysType {
            isStream = bytes.hasPrefix("data:") || bytes.hasPrefix("event:") || bytes.hasPrefix(":")
            append(isStream ? "content-type: text/event-stream\r\n" : "content-type: application/json\r\n")
        }
        if isStream { findEvents(bytes) }
    }

    private mutating func append(_ line: StaticString) { fields += [UInt8](ByteSlice(line)) }

    private mutating func read(_ line: ByteSlice, at number: Int, _ saysType: inout Bool) throws(TranscriptError) {
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        let name = line.prefix(colon)
        let value = line.dropFirst(min(colon + 1, line.count)).trimmed
        if name == "status" {
            guard let code = value.decimal, (200...599).contains(code) else {
                throw TranscriptError(line: number, reason: "'status' takes a status from 200 to 599")
            }
            status = Int(code)
        } else if name == "header" {
            try readField(value, at: number, &saysType)
        } else if name == "latency" || name == "gap" {
            guard let wait = value.decimal, wait <= MockLimits.milliseconds else {
                throw TranscriptError(line: number, reason: "'\(String(name))' takes milliseconds up to \(MockLimits.milliseconds)")
            }
            if name == "gap" { gapNanoseconds = UInt64(wait) * 1_000_000 } else { latencyNanoseconds = UInt64(wait) * 1_000_000 }
        } else {
            throw TranscriptError(line: number, reason: "'\(String(name))' is not known; known: status, header, latency, gap")
        }
    }

    private mutating func readField(_ field: ByteSlice, at number: Int, _ saysType: inout Bool) throws(TranscriptError) {
        let colon = field.firstIndex(of: UInt8(ascii: ":")) ?? 0
        let name = field.prefix(colon)
        let value = field.dropFirst(min(colon + 1, field.count)).trimmed
        guard FieldSyntax.isToken(name), FieldSyntax.isFieldValue(value) else {
            throw TranscriptError(line: number, reason: "'header' takes a field, as 'header: x-request-id: 1'")
        }
        if name.equalsIgnoringCase("content-length") || name.equalsIgnoringCase("transfer-encoding") || name.equalsIgnoringCase("connection") {
            throw TranscriptError(line: number, reason: "'\(String(name))' is the mock's own to send: leave it out")
        }
        if name.equalsIgnoringCase("content-type") {
            saysType = true
            isStream = value.hasPrefix(ignoringCase: "text/event-stream")
        }
        fields += [UInt8](name) + [UInt8](ByteSlice(": ")) + [UInt8](value) + [0x0D, 0x0A]
        guard fields.count <= MockLimits.transcriptFieldsByteCount else {
            throw TranscriptError(line: number, reason: "an answer's fields have at most \(MockLimits.transcriptFieldsByteCount) bytes")
        }
    }

    private mutating func findEvents(_ bytes: ByteSlice) {
        var scanner = EventBoundaryScanner()
        var start = 0
        while let boundary = scanner.next(bytes, from: start) {
            events.append(start..<boundary.end)
            start = boundary.end
        }
        if start < bytes.count { events.append(start..<bytes.count) }
    }
}

/// Playing a transcript.
extension Connection {
    func play(_ transcript: MockTranscript, _ request: Request) {
        let turn = worker.counters.nextTurn(of: transcript.answers.count)
        let answer = transcript.answers[turn]
        answer.fields.withByteSlice { fields in
            var head = AnswerHead()
            head.status = answer.status
            head.played = fields
            if answer.isStream, !request.isHead { return stream(answer, head) }
            worker.body.removeAll()
            answer.body.withByteSlice { worker.body.append($0) }
            finish(request, head, Script(), wait: answer.latencyNanoseconds)
        }
    }

    private func stream(_ answer: MockTranscript.Answer, _ head: AnswerHead) {
        var head = head
        head.isStream = true
        if !delivery.isChunked, delivery.end == .next { delivery.end = .linger }
        settleConnection(&head, Script())
        head.framing = delivery.isChunked ? .chunked : .untilClose
        delivery.played = answer
        delivery.eventCount = answer.events.count
        delivery.gapNanoseconds = answer.gapNanoseconds
        startEvents(head, wait: answer.latencyNanoseconds)
    }
}
