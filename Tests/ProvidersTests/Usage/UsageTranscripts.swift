import Bytes
import Testing

@testable import Providers

/// What a provider sends, written by hand in its format, and what it adds up to. None is a capture.
struct UsageTranscript: CustomTestStringConvertible {
    let name: String
    let dialect: Dialect
    /// The body of an answer that is not a stream, or the data of each event of one.
    let texts: [String]
    let isStream: Bool
    let usage: Usage?
    var model = ""
    var finishReason = ""
    /// The event that is the extra usage chunk, if one is.
    var usageOnlyEvent: Int?

    var testDescription: String { name }

    static func answer(
        _ name: String, _ dialect: Dialect = .openAI, text: String, usage: Usage?, model: String = "", finishReason: String = ""
    ) -> UsageTranscript {
        UsageTranscript(
            name: name, dialect: dialect, texts: [text], isStream: false, usage: usage, model: model, finishReason: finishReason)
    }

    static func stream(
        _ name: String, _ dialect: Dialect = .openAI, events: [String], usage: Usage?, model: String = "",
        finishReason: String = "", usageOnlyEvent: Int? = nil
    ) -> UsageTranscript {
        UsageTranscript(
            name: name, dialect: dialect, texts: events, isStream: true, usage: usage, model: model,
            finishReason: finishReason, usageOnlyEvent: usageOnlyEvent)
    }

    /// Has it read, each text cut at the offsets `cuts` gives for its length.
    ///
    /// - Returns: what its events are.
    @discardableResult
    func feed(to reader: inout UsageReader, cuts: (Int) -> [Int]) -> [UsageReader.Event] {
        var events: [UsageReader.Event] = []
        for text in texts {
            let bytes = Array(text.utf8)
            let ends = cuts(bytes.count) + [bytes.count]
            bytes.withByteSlice { bytes in
                if isStream, ends.count == 1 { return events.append(reader.readEvent(bytes)) }
                if isStream { reader.beginEvent() }
                var start = 0
                for end in ends {
                    let piece = bytes[start..<end]
                    if isStream { reader.continueEvent(piece) } else { reader.readAnswer(piece) }
                    start = end
                }
                if isStream { events.append(reader.endEvent()) }
            }
        }
        return events
    }
}

extension Usage {
    init(
        input: Int64 = 0, cachedRead: Int64 = 0, cacheWrite5m: Int64 = 0, cacheWrite1h: Int64 = 0, audioInput: Int64 = 0, audioCached: Int64 = 0,
        imageInput: Int64 = 0, imageCached: Int64 = 0, output: Int64 = 0, reasoning: Int64 = 0, audioOutput: Int64 = 0, imageOutput: Int64 = 0,
        webSearches: Int64 = 0
    ) {
        self.init()
        self.input = input
        self.cachedRead = cachedRead
        self.cacheWrite5m = cacheWrite5m
        self.cacheWrite1h = cacheWrite1h
        self.audioInput = audioInput
        self.audioCached = audioCached
        self.imageInput = imageInput
        self.imageCached = imageCached
        self.output = output
        self.reasoning = reasoning
        self.audioOutput = audioOutput
        self.imageOutput = imageOutput
        self.webSearches = webSearches
    }
}

extension UsageTranscript {
    static let all = GoldenUsage.all.flatMap(\.transcripts) + odd

    /// What no host should send, or sends where there is nothing to charge for.
    static let odd: [UsageTranscript] = [
        .answer("openai transcription by seconds", text: #"{"text":"hi","usage":{"type":"duration","seconds":12}}"#, usage: nil),
        .answer("an error", text: #"{"error":{"message":"x","usage":{"prompt_tokens":3}}}"#, usage: nil),
        .answer("counts no one can believe", text: #"{"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":-5,"total_tokens":281474976710657}}"#, usage: nil),
        .answer("cut before the usage closes", text: #"{"usage":{"prompt_tokens":3,"completion_tokens":4"#, usage: nil),
        .answer("an escaped name is not looked behind", text: #"{"us\"age":{"prompt_tokens":3},"us\u0061ge":{"prompt_tokens":3}}"#, usage: nil),
        .answer("usage given twice: the last", text: #"{"usage":{"prompt_tokens":3},"usage":{"prompt_tokens":1},"usage":null}"#, usage: Usage(input: 1)),
        .answer(
            "sound and pictures from the cache",
            text: #"{"usage":{"input_tokens":100,"output_tokens":8,"total_tokens":108,"input_token_details":{"text_tokens":20,"audio_tokens":50,"image_tokens":30,"cached_tokens":60,"cached_tokens_details":{"text_tokens":10,"audio_tokens":30,"image_tokens":20}},"output_token_details":{"text_tokens":3,"audio_tokens":5}}}"#,
            usage: Usage(input: 10, cachedRead: 10, audioInput: 20, audioCached: 30, imageInput: 10, imageCached: 20, output: 3, audioOutput: 5)),
        .answer(
            "parts that overlap are no more than their whole",
            text: #"{"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,"prompt_tokens_details":{"cached_tokens":80,"audio_tokens":40,"image_tokens":40},"completion_tokens_details":{"audio_tokens":12,"image_tokens":9,"reasoning_tokens":4}}}"#,
            usage: Usage(cachedRead: 80, audioInput: 20, audioOutput: 10)),
        .answer(
            "reasoning that is more than all that came out stands beside it, where there is no total", text: #"{"usage":{"prompt_tokens":32,"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":94}}}"#,
            usage: Usage(input: 32, output: 9, reasoning: 94)),
        .answer(
            "a cache that is more than the prompt stands beside it, where there is no total", text: #"{"usage":{"prompt_tokens":10,"completion_tokens":7,"cache_read_input_tokens":19}}"#,
            usage: Usage(input: 10, cachedRead: 19, output: 7)),
        .answer(
            "a cache that is more than the prompt is no more than it where the total is the sum of both",
            text: #"{"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"cache_read_input_tokens":19,"cache_creation_input_tokens":4}}"#,
            usage: Usage(cachedRead: 6, cacheWrite5m: 4, output: 7)),
        .answer(
            "reasoning that is more than all that came out is no more than it where the total is the sum of both",
            text: #"{"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":41,"completion_tokens_details":{"reasoning_tokens":94}}}"#,
            usage: Usage(input: 32, reasoning: 9)),
        .answer(
            "turns of a message are in its totals, but those that summed it up", .anthropic,
            text: #"{"usage":{"input_tokens":9,"output_tokens":8,"iterations":[{"type":"message","input_tokens":5,"output_tokens":4},{"type":"compaction","input_tokens":70,"cache_creation_input_tokens":6,"cache_creation":{"ephemeral_1h_input_tokens":6},"output_tokens":3},{"type":"message","input_tokens":4,"output_tokens":4},[{"type":"compaction","input_tokens":1}],null]}}"#,
            usage: Usage(input: 79, cacheWrite1h: 6, output: 11)),
        .answer(
            "searches no one can believe", .anthropic,
            text: #"{"usage":{"input_tokens":3,"output_tokens":4,"server_tool_use":{"web_search_requests":281474976710657}}}"#, usage: Usage(input: 3, output: 4)),
        .answer(
            "searches below nothing, and such as are no number", .anthropic,
            text: #"{"usage":{"input_tokens":3,"output_tokens":4,"server_tool_use":{"web_search_requests":-1,"web_search_requests":"7"}}}"#,
            usage: Usage(input: 3, output: 4)),
        .answer("searches alone are no usage", .anthropic, text: #"{"usage":{"server_tool_use":{"web_search_requests":7}}}"#, usage: nil),
        .answer(
            "searches in a list, and elsewhere than in the usage", .anthropic,
            text: #"{"server_tool_use":{"web_search_requests":7},"web_search_requests":8,"usage":{"input_tokens":3,"output_tokens":4,"web_search_requests":9,"server_tool_use":[{"web_search_requests":5}]}}"#,
            usage: Usage(input: 3, output: 4)),
        .answer("gemini, members of OpenAI's are not looked at", .gemini, text: #"{"usage":{"prompt_tokens":3},"model":"x","candidates":[]}"#, usage: nil),
        .answer(
            "vertex embeddings without statistics", .gemini, text: #"{"predictions":[{"embeddings":{"values":[1],"statistics":{}}},{"token_count":4},7]}"#, usage: nil),
    ]
}
