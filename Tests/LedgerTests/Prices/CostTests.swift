import Bytes
@testable import Ledger
import Providers
import Testing

private func usage(
    input: Int64 = 0, cached: Int64 = 0, write5m: Int64 = 0, write1h: Int64 = 0, audioInput: Int64 = 0, output: Int64 = 0, reasoning: Int64 = 0,
    audioOutput: Int64 = 0
) -> Usage {
    var usage = Usage()
    usage.input = input
    usage.cachedRead = cached
    usage.cacheWrite5m = write5m
    usage.cacheWrite1h = write1h
    usage.audioInput = audioInput
    usage.output = output
    usage.reasoning = reasoning
    usage.audioOutput = audioOutput
    return usage
}

private struct Bill: Sendable {
    let name: String
    let row: String
    var tier = ServiceTier.standard
    let usage: Usage
    let nanodollars: Int64
}

/// A dollar a million tokens is 1,000 nano-dollars a token.
private let bills: [Bill] = [
    // 75·2,000 + 162·8,000 + 1,024·3,000 = 150,000 + 1,296,000 + 3,072,000
    Bill(name: "reasoning with a price of its own", row: #""m": {input: 2, output: 8, reasoning: 3}"#,
        usage: usage(input: 75, output: 162, reasoning: 1024), nanodollars: 4_518_000),
    // 1,000·2,500: what is not said to be cheaper is not
    Bill(name: "cached tokens of a model without a cached price", row: #""m": {input: 2.5, output: 10}"#,
        usage: usage(cached: 1000), nanodollars: 2_500_000),
    // 150,000·1,250 + 50,000·125 + 1,500·10,000 = 187,500,000 + 6,250,000 + 15,000,000
    Bill(name: "Gemini, 200,000 tokens in", row: gemini, usage: usage(input: 150_000, cached: 50_000, output: 1000, reasoning: 500),
        nanodollars: 208_750_000),
    // 150,001·2,500 + 50,000·250 + 1,500·15,000 = 375,002,500 + 12,500,000 + 22,500,000
    Bill(name: "Gemini, one token more", row: gemini, usage: usage(input: 150_001, cached: 50_000, output: 1000, reasoning: 500),
        nanodollars: 410_002_500),
    // 3·37.5 = 112.5
    Bill(name: "half a nano-dollar is one", row: #""m": {input: 0.0375, output: 0}"#, usage: usage(input: 3), nanodollars: 113),
    // 37.5 + 112.5 = 150, where parts rounded apart would be 38 + 113
    Bill(name: "parts are rounded together", row: #""m": {input: 0.0375, output: 0.1125}"#, usage: usage(input: 1, output: 1), nanodollars: 150),
    // 93·1,250 + 1,024·1,250 + 46·5,000 = 116,250 + 1,280,000 + 230,000: the batch price of cached tokens is not known
    Bill(name: "batch, cached tokens as standard", row: #""m": {input: 2.5, cached: 1.25, output: 10, batch: {input: 1.25, output: 5}}"#, tier: .batch,
        usage: usage(input: 93, cached: 1024, output: 46), nanodollars: 1_626_250),
    // 100·2,500 + 10·10,000 = 350,000
    Bill(name: "batch of a model without batch prices", row: #""m": {input: 2.5, output: 10}"#, tier: .batch, usage: usage(input: 100, output: 10),
        nanodollars: 350_000),
    // 0.005 dollars a request: 5,000,000 + 28·1,000
    Bill(name: "a price of the request itself", row: #""m": {input: 1, output: 1, request: 0.005}"#, usage: usage(input: 20, output: 8),
        nanodollars: 5_028_000),
    Bill(name: "nothing used", row: #""m": {input: 2.5, output: 10}"#, usage: usage(), nanodollars: 0),
]

private let gemini = #""m": {input: 1.25, cached: 0.125, output: 10, above: {200000: {input: 2.5, cached: 0.25, output: 15}}}"#

@Suite("Costs")
struct CostTests {
    @Test("a bill is exact to the nano-dollar", arguments: bills.map(\.name))
    func golden(name: String) throws {
        let bill = try #require(bills.first { $0.name == name })
        let price = try #require(try book(bill.row).price("m", bill.tier))
        #expect(price.cost(of: bill.usage) == Nanodollars(bill.nanodollars))
    }

    @Test("an answer's word for its tier is one of ours, or says nothing", arguments: [
        ("default", ServiceTier.standard), ("standard", .standard), ("on_demand", .standard), ("ON_DEMAND", .standard), ("flex", .flex), ("ON_DEMAND_FLEX", .flex),
        ("priority", .priority), ("ON_DEMAND_PRIORITY", .priority), ("batch", nil), ("fast", .fast), ("auto", nil), ("scale", nil), ("reserved", nil),
        ("PROVISIONED_THROUGHPUT", nil), ("", nil),
    ] as [(String, ServiceTier?)])
    func servedTiers(word: String, tier: ServiceTier?) {
        #expect(Array(word.utf8).withByteSlice { ServiceTier(served: $0) } == tier)
    }

    @Test("a tier that is asked for is one of ours that answers are served at, else the standard one", arguments: [
        ("flex", ServiceTier.flex), ("priority", .priority), ("fast", .fast), ("standard", .standard), ("default", .standard), ("auto", .standard),
        ("batch", .standard), ("", .standard),
    ])
    func askedTiers(word: String, tier: ServiceTier) {
        #expect(Array(word.utf8).withByteSlice { ServiceTier(asked: $0) } == tier)
    }

    @Test("a price says whether it is of the tier that was asked for")
    func tierIsTold() throws {
        let prices = try book(#""a": {input: 2, output: 4, batch: {input: 1, output: 2}}"#, #""b": {input: 2, output: 4}"#)
        #expect(prices.price("a", .batch)?.tier == .batch)
        #expect(prices.price("b", .batch)?.tier == .standard)
        #expect(prices.price("a", .batch)?.statedClasses == [TokenClassSet(.input), TokenClassSet(.output)])
    }

    @Test("images and cached sound are billed where they are told apart")
    func otherClasses() throws {
        let price = try #require(try book(#""m": {input: 1, audio_input: 10, audio_cached: 2, image_input: 3, image_cached: 1, output: 4, image_output: 8}"#).price("m"))
        var counts = TokenCounts(usage(input: 5))
        counts[.audioCached] = 7
        counts[.imageInput] = 11
        counts[.imageCached] = 13
        counts[.imageOutput] = 17
        // 5·1,000 + 7·2,000 + 11·3,000 + 13·1,000 + 17·8,000
        #expect(price.cost(of: counts) == Nanodollars(5_000 + 14_000 + 33_000 + 13_000 + 136_000))
    }

    @Test("classes without a price take that of the class they are a kind of")
    func defaults() throws {
        let price = try #require(try book(#""m": {input: 1, cached: 0.5, cache_write_5m: 2, output: 4}"#).price("m"))
        let expected: [TokenClass: String] = [
            .input: "1", .cachedRead: "0.5", .cacheWrite5m: "2", .cacheWrite1h: "2", .audioInput: "1", .audioCached: "0.5", .imageInput: "1",
            .imageCached: "0.5", .output: "4", .reasoning: "4", .audioOutput: "4", .imageOutput: "4",
        ]
        for kind in TokenClass.allCases { #expect(price.rate(of: kind).dollarsPerMillion == expected[kind], "\(kind)") }
        let sound = try #require(try book(#""m": {input: 1, cached: 0.5, audio_input: 9, image_input: 8, image_output: 7}"#).price("m"))
        // No discount is known for cached sound and images, and text out of a model of images costs what an image does.
        #expect(sound.rate(of: .audioCached).dollarsPerMillion == "9")
        #expect(sound.rate(of: .imageCached).dollarsPerMillion == "8")
        #expect(sound.rate(of: .output).dollarsPerMillion == "7")
    }

    @Test("a tier's long prompts cost what the tier says, else the dearer of its own price and standard's")
    func tiersByLength() throws {
        let prices = try book(
            #""m": {input: 2, cached: 1, output: 8, above: {1000: {input: 4, output: 9}}, batch: {input: 1, output: 4, above: {1000: {input: 2}}}, priority: {input: 5, output: 6}}"#)
        let standard = try #require(prices.price("m"))
        #expect(standard.bounds == [1000])
        #expect(standard.rate(of: .cachedRead, inputTokens: 1001).dollarsPerMillion == "1")
        let batch = try #require(prices.price("m", .batch))
        // Its input is said; of its output standard's longer band says 9, and its own shorter one 4: as standard.
        #expect(batch.rate(of: .input, inputTokens: 1001).dollarsPerMillion == "2")
        #expect(batch.rate(of: .output, inputTokens: 1001).dollarsPerMillion == "9")
        #expect(batch.rate(of: .output, inputTokens: 1000).dollarsPerMillion == "4")
        let priority = try #require(prices.price("m", .priority))
        #expect(priority.rate(of: .input, inputTokens: 1001).dollarsPerMillion == "5")
        #expect(priority.rate(of: .output, inputTokens: 1001).dollarsPerMillion == "9")
    }

    @Test("units are added to the bill before it is rounded")
    func unitsAndAdjustments() throws {
        let prices = try book(#""m": {input: 0.0375, output: 0, units: {web_search: 0.01, tiny: 0.0000000000005}}"#)
        let price = try #require(prices.price("m"))
        var charge = price.charge(for: TokenCounts(usage(input: 1)))
        let search = try #require(Array("web_search".utf8).withByteSlice { prices.unitPrice($0, of: price) })
        charge.add(3, at: search)
        // 37.5 + 3·10,000,000
        #expect(charge.total() == Nanodollars(30_000_038))
        let discount = try #require(Array("0.8".utf8).withByteSlice { PriceAdjustment(multiplier: $0) })
        // (30,000,037.5)·0.8 = 24,000,030
        #expect(charge.total(discount) == Nanodollars(24_000_030))
        let fixed = try #require(Array("0.005".utf8).withByteSlice { PriceAdjustment(fixedDollars: $0) })
        #expect(charge.total(fixed) == Nanodollars(5_000_000))
        #expect(prices.unit("tiny", of: price) == 500)
    }

    /// Of so many searches.
    private func searches(_ count: Int64, input: Int64 = 0) -> Usage {
        var usage = Usage()
        usage.input = input
        usage.webSearches = count
        return usage
    }

    @Test("searches are billed with the tokens, by the unit, and rounded with them once")
    func searchesAreBilled() throws {
        let prices = try book(#""m": {input: 0.0375, output: 0, batch: {input: 0.01, output: 0}, request: 0.001, units: {web_search: 0.01}}"#)
        let price = try #require(prices.price("m"))
        // 37.5 + 1,000,000 + 3·10,000,000
        #expect(price.cost(of: searches(3, input: 1)) == Nanodollars(31_000_038))
        var place = price
        #expect(place.costInPlace(of: searches(3, input: 1)) == Nanodollars(31_000_038))
        let discount = try #require(Array("0.8".utf8).withByteSlice { PriceAdjustment(multiplier: $0) })
        #expect(price.cost(of: searches(3, input: 1), adjustment: discount) == Nanodollars(24_800_030))
        // A price of the request covers them.
        let fixed = try #require(Array("0.005".utf8).withByteSlice { PriceAdjustment(fixedDollars: $0) })
        #expect(price.cost(of: searches(3, input: 1), adjustment: fixed) == Nanodollars(5_000_000))
        // They cost the same at every tier: 10 + 1,000,000 + 10,000,000
        #expect(try #require(prices.price("m", .batch)).cost(of: searches(1, input: 1)) == Nanodollars(11_000_010))
        #expect(price.cost(of: searches(0, input: 1)) == Nanodollars(1_000_038) && price.cost(of: searches(-3, input: 1)) == Nanodollars(1_000_038))
        // More than can be said.
        #expect(price.cost(of: searches(Limits.tokenCount)) == .max)
    }

    @Test("searches that are known are in the most that a request can cost, and rounded with its tokens once")
    func searchesAreBounded() throws {
        let prices = try book(
            #""m": {input: 0.0375, output: 0, request: 0.001, units: {web_search: 0.01}}"#, #""n": {input: 0.0375, output: 0, request: 0.001}"#)
        let price = try #require(prices.price("m"))
        // 37.5 + 1,000,000, and 3·10,000,000
        #expect(price.upperBound(inputTokens: 1, outputTokens: 1) == Nanodollars(1_000_038))
        #expect(price.upperBound(inputTokens: 1, outputTokens: 1, searches: 3) == Nanodollars(31_000_038))
        #expect(price.upperBound(inputTokens: 1, outputTokens: 1, searches: -3) == Nanodollars(1_000_038))
        let discount = try #require(Array("0.8".utf8).withByteSlice { PriceAdjustment(multiplier: $0) })
        #expect(price.upperBound(inputTokens: 1, outputTokens: 1, searches: 3, adjustment: discount) == Nanodollars(24_800_030))
        let fixed = try #require(Array("0.005".utf8).withByteSlice { PriceAdjustment(fixedDollars: $0) })
        #expect(price.upperBound(inputTokens: 1, outputTokens: 1, searches: 3, adjustment: fixed) == Nanodollars(5_000_000))
        #expect(try #require(prices.price("n")).upperBound(inputTokens: 1, outputTokens: 1, searches: 3) == Nanodollars(1_000_038))
    }

    @Test("a model of whose searches the book says nothing has no price for them, and one at 0 has")
    func searchesWithoutAPrice() throws {
        let base = try book(#""below": {input: 1, output: 1, units: {web_search: 0.01}}"#, #""m": {input: 1, output: 1, units: {web_search: 0.02}}"#)
        let prices = try book(
            #""m": {input: 1, output: 1, units: {web_search_low_context: 0.005, search: 0.01}}"#, #""free": {input: 1, output: 1, units: {web_search: 0}}"#,
            over: base)
        #expect(try #require(prices.price("m")).perSearch == nil)
        #expect(try #require(prices.price("m")).cost(of: searches(3, input: 1)) == Nanodollars(1000))
        #expect(try #require(prices.price("free")).perSearch == .zero)
        #expect(try #require(prices.price("below")).cost(of: searches(3, input: 1)) == Nanodollars(30_001_000))
        #expect(ModelPrice(input: .zero, output: .zero).perSearch == nil)
    }

    @Test("a memo prices searches as its book does")
    func memoPricesSearches() throws {
        let prices = try book(#""m": {input: 1, output: 1, units: {web_search: 0.01}}"#, #""n": {input: 1, output: 1}"#)
        let memo = PriceMemo()
        for (model, cost) in [("m", 20_001_000), ("n", 1000), ("m", 20_001_000)] as [(String, Int64)] {
            let told = Array("p".utf8).withByteSlice { provider in
                Array(model.utf8).withByteSlice {
                    memo.cost(of: searches(2, input: 1), provider: provider, model: $0, tier: .standard, adjustment: .none, from: prices)
                }
            }
            #expect(told == Nanodollars(cost))
        }
    }

    @Test("an adjustment is a number of at most six decimals within its bounds", arguments: [
        ("0", true), ("1", true), ("0.000001", true), ("1000", true), ("1000.000001", false), ("0.0000001", false), ("-1", false), ("", false),
        ("1e-3", true), ("0x1", false), ("NaN", false), ("1.", false), (".5", false),
    ])
    func multipliers(text: String, isOne: Bool) {
        #expect((Array(text.utf8).withByteSlice { PriceAdjustment(multiplier: $0) } != nil) == isOne)
    }

    @Test("multipliers have bounds, and no request is paid for by us")
    func adjustmentBounds() {
        #expect(PriceAdjustment(multiplierMillionths: PriceLimits.multiplier) != nil)
        #expect(PriceAdjustment(multiplierMillionths: PriceLimits.multiplier + 1) == nil)
        #expect(PriceAdjustment(multiplierMillionths: -1) == nil)
        #expect(PriceAdjustment(fixed: Nanodollars(-1)) == nil)
        #expect(UnitPrice(nanodollarsPerMillion: PriceLimits.unitPrice) != nil)
        #expect(UnitPrice(nanodollarsPerMillion: PriceLimits.unitPrice + 1) == nil)
        #expect(UnitPrice(nanodollarsPerMillion: -1) == nil)
    }

    // MARK: Edges

    @Test("what is more than can be said stays at the largest amount")
    func overflow() throws {
        let most = Limits.tokenCount
        let all = usage(input: most, cached: most, write5m: most, write1h: most, audioInput: most, output: most, reasoning: most, audioOutput: most)
        let dearest = try #require(try book(#""m": {input: 1000000000, output: 1000000000}"#).price("m"))
        #expect(dearest.cost(of: all) == .max)
        #expect(dearest.upperBound(inputTokens: .max, outputTokens: .max) == .max)
        let markup = try #require(PriceAdjustment(multiplierMillionths: PriceLimits.multiplier))
        #expect(dearest.cost(of: all, adjustment: markup) == .max)
        #expect(dearest.cost(of: usage(input: .max, output: .max, audioOutput: .max), adjustment: markup) == .max)
        // 9,223,372,036 tokens at a dollar each are 9,223,372,036 dollars; one more is past 2⁶³ − 1 nano-dollars.
        let dollar = try #require(try book(#""m": {input: 1000000, output: 0}"#).price("m"))
        #expect(dollar.cost(of: usage(input: 9_223_372_036)) == Nanodollars(9_223_372_036_000_000_000))
        #expect(dollar.cost(of: usage(input: 9_223_372_037)) == .max)
        #expect(Nanodollars.max + Nanodollars(1) == .max)
        #expect(Nanodollars(.min) + Nanodollars(-1) == Nanodollars(.min))
    }

    @Test("counts below nothing are nothing")
    func negativeCounts() throws {
        let price = try #require(try book(#""m": {input: 1, output: 1}"#).price("m"))
        #expect(price.cost(of: usage(input: -5, output: 3)) == Nanodollars(3000))
        #expect(price.upperBound(inputTokens: -5, outputTokens: -1) == .zero)
    }

    @Test("amounts are written with all their digits", arguments: [
        (0, "$0.00"), (325_000, "$0.000325"), (12_500_000_000, "$12.50"), (1, "$0.000000001"), (-1_500_000_000, "-$1.50"), (.max, "$9223372036.854775807"),
        (.min, "-$9223372036.854775808"),
    ] as [(Int64, String)])
    func amounts(count: Int64, text: String) { #expect(Nanodollars(count).description == text) }
}
