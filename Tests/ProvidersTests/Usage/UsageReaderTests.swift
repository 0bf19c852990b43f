import Bytes
import HTTP
import Testing

@testable import Providers

@Suite("Usage reader")
struct UsageReaderTests {
    /// What a reader came to know.
    private struct Reading: Equatable {
        var usage: Usage?
        var model: String
        var finishReason: String
        var tier: String
        var advisor: String
        var events: [UsageReader.Event] = []

        init(_ reader: inout UsageReader, events: [UsageReader.Event] = []) {
            usage = reader.usage
            model = reader.model.string
            finishReason = reader.finishReason.string
            tier = reader.serviceTier.string
            advisor = reader.advisor.string
            self.events = events
        }

        /// Whatever the events are: which those in pieces are is told by a test of its own.
        func isSame(as other: Reading) -> Bool {
            usage == other.usage && model == other.model && finishReason == other.finishReason && tier == other.tier && advisor == other.advisor
        }
    }

    /// Reads the transcript with each text cut at the offsets `cuts` gives for its length.
    private func read(_ transcript: UsageTranscript, cuts: (Int) -> [Int]) -> Reading {
        var reader = UsageReader(transcript.dialect)
        let events = transcript.feed(to: &reader, cuts: cuts)
        return Reading(&reader, events: events)
    }

    @Test("an answer in each provider's format adds up", arguments: UsageTranscript.all)
    func answersAddUp(transcript: UsageTranscript) {
        let reading = read(transcript) { _ in [] }
        #expect(reading.usage == transcript.usage)
        if !transcript.model.isEmpty { #expect(reading.model == transcript.model) }
        if !transcript.finishReason.isEmpty { #expect(reading.finishReason == transcript.finishReason) }
        let usageOnly = reading.events.indices.filter { reading.events[$0] == .usageOnly }
        #expect(usageOnly == (transcript.usageOnlyEvent.map { [$0] } ?? []))
    }

    @Test("the same is read whole, split at every offset, and one byte at a time", arguments: UsageTranscript.all)
    func splitsReadTheSame(transcript: UsageTranscript) {
        let whole = read(transcript) { _ in [] }
        let longest = transcript.texts.map(\.utf8.count).max() ?? 0
        for offset in 0...longest {
            #expect(read(transcript) { [min(offset, $0)] }.isSame(as: whole), "split at \(offset)")
        }
        #expect(read(transcript) { Array(0..<$0) }.isSame(as: whole))
    }

    @Test("a whole event and the same event in pieces are the same kind of event")
    func piecedEventsHaveTheSameKind() {
        for transcript in UsageTranscript.all where transcript.isStream {
            let whole = read(transcript) { _ in [] }
            let pieced = read(transcript) { [$0 / 2] }
            // `[DONE]` is six bytes and never comes in pieces.
            for index in whole.events.indices where transcript.texts[index] != "[DONE]" {
                #expect(whole.events[index] == pieced.events[index], "\(transcript.name), event \(index)")
            }
        }
    }

    @Test("a stream is complete with its own last event only", arguments: [
        (Dialect.openAI, "[DONE]", true), (.openAI, " [DONE] ", true), (.openAI, #"{"choices":[]}"#, false),
        (.openAI, #"{"type":"response.completed","response":{"usage":null}}"#, true), (.openAI, #"{"type":"response.failed","response":{}}"#, true),
        (.openAI, #"{"type": "response.completed", "response": {}}"#, true),
        (.openAI, #"{"type":"response.incomplete","response":{}}"#, true), (.openAI, #"{"type":"response.output_text.done","text":"x"}"#, false),
        (.anthropic, #"{"type":"message_stop"}"#, true), (.anthropic, #"{ "type" : "message_stop" }"#, true),
        (.anthropic, #"{"type":"message_delta","delta":{}}"#, false), (.anthropic, "[DONE]", false),
    ])
    func completeness(dialect: Dialect, event: String, isComplete: Bool) {
        for isFirst in [true, false] {
            var reader = UsageReader(dialect)
            if !isFirst { _ = reader.readEvent(ByteSlice("{}")) }
            let kind = withBytes(event) { reader.readEvent($0) }
            #expect(reader.isComplete == isComplete)
            #expect((kind == .end) == isComplete)
        }
    }

    @Test("a provider's own error event is told", arguments: [
        (Dialect.openAI, #"{"error":{"message":"x"}}"#, UsageReader.Event.error), (.openAI, #"{"error": {"message":"x"}}"#, .error),
        (.openAI, #"{"error":null,"choices":[{}]}"#, .ordinary), (.openAI, #"{"type":"error","message":"x"}"#, .error),
        (.anthropic, #"{"type":"error","error":{"type":"overloaded_error"}}"#, .error),
    ])
    func errorsAreTold(dialect: Dialect, event: String, kind: UsageReader.Event) {
        var reader = UsageReader(dialect)
        #expect(withBytes(event) { reader.readEvent($0) } == kind)
        #expect(withBytes(event) { reader.readEvent($0) } == kind)
    }

    @Test("content events are counted, for the estimate of a stream that is cut")
    func deltasAreCounted() {
        var reader = UsageReader(.openAI)
        for _ in 0..<5 { _ = reader.readEvent(ByteSlice(#"{"model":"m","choices":[{"delta":{"content":"x"}}]}"#)) }
        #expect(reader.deltaCount == 5 && !reader.isComplete)
        #expect(Reading(&reader).usage == nil)
        reader.reset(.anthropic)
        #expect(reader.deltaCount == 0)
        #expect(Reading(&reader).model.isEmpty)
        _ = reader.readEvent(ByteSlice(#"{"type":"message_start","message":{}}"#))
        for _ in 0..<3 { _ = reader.readEvent(ByteSlice(#"{"type":"content_block_delta","delta":{"text":"x"}}"#)) }
        #expect(reader.deltaCount == 3)
    }

    @Test("what an event says stands until another says otherwise, and an empty text says nothing")
    func latestStands() {
        var reader = UsageReader(.openAI)
        let events = [
            #"{"model":"","service_tier":"default","choices":[]}"#, #"{"model":"m","choices":[{"finish_reason":"length"}]}"#,
            #"{"model":"","choices":[{"finish_reason":""}],"usage":{"total_tokens":9}}"#, #"{"model":"m2","choices":[],"usage":{"prompt_tokens":4}}"#,
            #"{"choices":[],"usage":null}"#,
        ]
        var told: [String] = []
        for event in events {
            _ = withBytes(event) { reader.readEvent($0) }
            let reading = Reading(&reader)
            told.append("\(reading.model) \(reading.finishReason) \(reading.tier) \(reading.usage?.total ?? -1)")
        }
        #expect(told == ["  default -1", "m length default -1", "m length default 9", "m2 length default 4", "m2 length default 4"])
        reader.reset(.openAI)
        let reading = Reading(&reader)
        #expect(reading.model.isEmpty && reading.finishReason.isEmpty && reading.tier.isEmpty && reading.usage == nil)
    }

    @Test("half a name is nobody's", arguments: [#"{"model":"gpt-4o-mini"}"#, #"{"model":"gpt\\/4"}"#])
    func halfNames(answer: String) {
        let end = answer.utf8.count - 2
        for cut in 0...answer.utf8.count {
            var reader = UsageReader(.openAI)
            Array(answer.utf8).withByteSlice { reader.readAnswer($0.prefix(cut)) }
            #expect(Reading(&reader).model.isEmpty == (cut <= end), "\(cut)")
            // Of a stream that had named it before, the name stands.
            var stream = UsageReader(.openAI)
            _ = withBytes(#"{"model":"known"}"#) { stream.readEvent($0) }
            stream.beginEvent()
            Array(answer.utf8).withByteSlice { stream.continueEvent($0.prefix(cut)) }
            #expect((Reading(&stream).model == "known") == (cut <= end), "\(cut)")
        }
    }

    private static let delta = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":null}],\"usage\":null}\n\n"

    /// A reader, and the ends of events, after a first event that has named the model.
    private func begun(_ reader: inout UsageReader, _ ends: inout EventBoundaryScanner) {
        Array(Self.delta.utf8).withByteSlice { bytes in
            _ = ends.next(bytes)
            _ = reader.readEvent(bytes[6..<bytes.count - 2])
        }
    }

    @Test("bytes passed at once are one event that reads as ordinary, whatever byte is another", arguments: Array("\n\r\"{\0".utf8))
    func passedDeltas(byte: UInt8) {
        for place in -1..<Self.delta.utf8.count {
            var bytes = Array(Self.delta.utf8)
            if place >= 0 { bytes[place] = byte }
            var quick = UsageReader(.openAI)
            var slow = UsageReader(.openAI)
            var ends = EventBoundaryScanner()
            var unused = EventBoundaryScanner()
            begun(&quick, &unused)
            begun(&slow, &ends)
            bytes.withByteSlice { bytes in
                let passes = quick.passesDelta(bytes)
                #expect(passes || place >= 0)
                guard passes else { return }
                let event = ends.next(bytes)
                #expect(event?.end == bytes.count, "\(place)")
                let kind = event?.payload.map { slow.readEvent(bytes[$0]) }
                #expect(kind == .ordinary, "\(place)")
            }
            let (counted, expected) = (quick.deltaCount, slow.deltaCount)
            #expect(counted == expected, "\(place)")
        }
    }

    @Test("an event that says something, or whose model is not known, is not passed at once", arguments: [
        delta.replacing("\"usage\":null", with: "\"usage\":{\"total_tokens\":1}"), delta.replacing("null}", with: "\"stop\"}"),
        delta.replacing("{\"id\"", with: "{\"error\""), delta.replacing("{\"id\"", with: "{\"type\""), delta.replacing("\n\n", with: "\n"), delta + delta,
        "data: [DONE]\n\n", "\n\n", "",
    ])
    func notPassed(text: String) {
        var known = UsageReader(.openAI)
        var unknown = UsageReader(.openAI)
        var unused = EventBoundaryScanner()
        begun(&known, &unused)
        let passed = Array(text.utf8).withByteSlice { known.passesDelta($0) }
        #expect(!passed)
        let passedAtFirst = Array(Self.delta.utf8).withByteSlice { unknown.passesDelta($0) }
        #expect(!passedAtFirst)
    }

    @Test("parts of an answer are counted whole and in pieces, in each form of stream", arguments: [
        (Dialect.openAI, #"{"type":"transcript.text.delta","delta":"a"}"#), (.openAI, #"{"type":"response.output_text.delta","delta":"a"}"#),
        (.openAI, #"{"model":"m","choices":[{"delta":{"content":"a"}}]}"#), (.anthropic, #"{"type":"content_block_delta","delta":{"text":"a"}}"#),
    ])
    func deltasInPieces(dialect: Dialect, event: String) {
        let transcript = UsageTranscript.stream("", dialect, events: Array(repeating: event, count: 7), usage: nil)
        for cut in [[], [1], [9]] {
            var reader = UsageReader(dialect)
            transcript.feed(to: &reader) { _ in cut }
            #expect(reader.deltaCount == 7, "\(cut)")
        }
    }

    @Test("the terms that were served are the last that an answer names, and a reader that is reset knows none")
    func servedTiers() {
        var reader = UsageReader(.openAI)
        #expect(reader.serviceTier.isEmpty)
        withBytes(#"{"type":"response.created","response":{"service_tier":"auto","model":"m"}}"#) { _ = reader.readEvent($0) }
        #expect(reader.serviceTier.string == "auto")
        withBytes(#"{"type":"response.completed","response":{"service_tier":"flex","usage":{"input_tokens":1}}}"#) { _ = reader.readEvent($0) }
        #expect(reader.serviceTier.string == "flex")
        reader.reset(.anthropic)
        #expect(reader.serviceTier.isEmpty)
        withBytes(#"{"content":[{"service_tier":"priority"}],"usage":{"input_tokens":1,"speed":"fast","service_tier":"standard"}}"#) { reader.readAnswer($0) }
        #expect(reader.serviceTier.string == "fast")
    }

    @Test("Anthropic's speed and tier are told apart: an event that names one takes nothing of the other back")
    func speedStays() {
        var reader = UsageReader(.anthropic)
        withBytes(#"{"type":"message_start","message":{"usage":{"input_tokens":1,"speed":"fast"}}}"#) { _ = reader.readEvent($0) }
        withBytes(#"{"type":"message_delta","usage":{"output_tokens":1,"service_tier":"standard"}}"#) { _ = reader.readEvent($0) }
        #expect(reader.serviceTier.string == "fast")
        withBytes(#"{"type":"message_delta","usage":{"output_tokens":2,"speed":"standard"}}"#) { _ = reader.readEvent($0) }
        #expect(reader.serviceTier.string == "standard")
    }

    @Test("what an advisor took is told apart, with its model; what a turn says of tiers is not the message's, and a reader that is reset knows none of it")
    func advice() {
        for transcript in UsageTranscript.all where transcript.name.contains("advice") {
            var reader = UsageReader(transcript.dialect)
            transcript.feed(to: &reader) { _ in [] }
            let (advice, advisor, tier) = (reader.advice, reader.advisor.string, reader.serviceTier.string)
            #expect(advice == Usage(input: 900, output: 800))
            #expect(advisor == "claude-opus-4-6" && tier.isEmpty)
            var usage = reader.usage ?? Usage()
            let taken = usage.take(Usage(input: 900, cachedRead: 90, output: 800))
            #expect(taken == Usage(input: 900, cachedRead: 70, output: 800))
            #expect(usage == Usage(input: 400, output: 120))
            reader.reset(.anthropic)
            let (none, nobody) = (reader.advice, reader.advisor.string)
            #expect(none == nil && nobody.isEmpty)
        }
    }

    @Test("a model's name longer than is kept is cut, not lost")
    func longModelNamesAreCut() {
        var reader = UsageReader(.openAI)
        withBytes(#"{"model":""# + String(repeating: "m", count: 500) + #"","usage":{"prompt_tokens":1}}"#) { reader.readAnswer($0) }
        #expect(reader.model.count == 128)
        #expect(Reading(&reader).usage == Usage(input: 1))
    }

    @Test("depth is no matter: what is nested deeper than is followed is passed over")
    func deepNestingIsPassedOver() {
        var reader = UsageReader(.openAI)
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        withBytes(#"{"x":"# + deep + #","choices":[{"delta":"# + deep + #"}],"usage":{"prompt_tokens":2}}"#) { reader.readAnswer($0) }
        #expect(Reading(&reader).usage == Usage(input: 2))
    }

    @Test("mutated transcripts never trap, and whole and pieces agree on the usage")
    func mutationsNeverTrap() {
        var generator = SeededGenerator("mutated usage")
        for round in 0..<4000 {
            let transcript = UsageTranscript.all[round % UsageTranscript.all.count]
            var bytes = Array(transcript.texts.joined(separator: "\n").utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(Array(#"{}[]",:\0"#.utf8).randomElement(using: &generator) ?? 0, at: at)
                default: bytes.removeSubrange(at..<min(bytes.count, at + 20))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            bytes.withByteSlice { fuzzUsage($0) }
        }
    }
}
