import Bytes
import Ledger
import Testing

@testable import Providers

/// How one host tells the usage of one answer, whole and as a stream; what it took, and what that costs at a fixed price.
///
/// Written by hand in the formats of the hosts' documents; none is a capture.
struct GoldenUsage: CustomTestStringConvertible {
    let name: String
    var dialect = Dialect.openAI
    /// A row of a price book. A dollar a million tokens is a thousand nano-dollars a token.
    let price: String
    /// The tier that was asked for.
    var tier = ServiceTier.standard
    let usage: Usage
    /// The sum is written beside it.
    let nanodollars: Int64
    var model = ""
    var finishReason = ""
    /// Nil for what is always a stream.
    var whole: String?
    /// The data of each event; empty for what is never a stream.
    var stream: [String] = []
    /// The event that is the extra usage chunk, if one is.
    var usageOnlyEvent: Int?

    var testDescription: String { name }

    static let all = openAI + azure + hosts + gateways + anthropic + google + bedrock

    /// What the reader's own tests read.
    var transcripts: [UsageTranscript] {
        var transcripts: [UsageTranscript] = []
        if let whole { transcripts.append(.answer(name, dialect, text: whole, usage: usage, model: model, finishReason: finishReason)) }
        if !stream.isEmpty {
            transcripts.append(
                .stream("\(name), as a stream", dialect, events: stream, usage: usage, model: model, finishReason: finishReason, usageOnlyEvent: usageOnlyEvent))
        }
        return transcripts
    }

    /// What `usage` costs at the tier that an answer names.
    func cost(of usage: Usage, served: WordText) throws -> Int64 {
        let text = "version: \"1\"\nprices:\n  host:\n    \"m\": {\(price)}\n"
        let book = try withBytes(text) { try PriceBook($0) }
        let tier = served.withBytes { ServiceTier(served: $0) } ?? tier
        let found = withBytes("host") { host in withBytes("m") { book.price(provider: host, model: $0, tier: tier) } }
        return try #require(found).cost(of: usage).count
    }
}

@Suite("Golden usage")
struct GoldenUsageTests {
    @Test("usage and cost are exact, of whole answers and of streams", arguments: GoldenUsage.all)
    func exact(golden: GoldenUsage) throws {
        #expect(!golden.transcripts.isEmpty)
        for transcript in golden.transcripts {
            var reader = UsageReader(transcript.dialect)
            transcript.feed(to: &reader) { _ in [] }
            let (usage, tier) = (reader.usage, reader.serviceTier)
            #expect(usage == golden.usage, "\(transcript.name)")
            #expect(try golden.cost(of: usage ?? Usage(), served: tier) == golden.nanodollars, "\(transcript.name)")
        }
    }

    @Test("a stream that is cut has told no more than its whole took", arguments: GoldenUsage.all)
    func cutStreams(golden: GoldenUsage) {
        for count in 0...golden.stream.count {
            var reader = UsageReader(golden.dialect)
            for event in golden.stream.prefix(count) { _ = withBytes(event) { reader.readEvent($0) } }
            let told = reader.usage ?? Usage()
            #expect(told.inputTotal <= golden.usage.inputTotal && told.outputTotal <= golden.usage.outputTotal, "after \(count) events")
            #expect(told.webSearches <= golden.usage.webSearches, "after \(count) events")
        }
    }
}
