import Bytes
@testable import Ledger
import Providers
import Testing

@Suite("Costs of any usage")
struct CostPropertyTests {
    /// A model whose longer prompts are no cheaper, as everybody's are.
    private func randomPrice(_ generator: inout PriceGenerator) throws -> ModelPrice {
        func number(_ least: Int64) -> Int64 { least + Int64.random(in: 0...5_000, using: &generator) }
        var rates = [Int64](repeating: 0, count: 12)
        var bound: Int64 = 0
        var bands: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            for kind in TokenClass.allCases { rates[kind.rawValue] = number(rates[kind.rawValue]) }
            let entries = TokenClass.allCases.map { "\($0.name): 0.\(String(rates[$0.rawValue] + 100_000))" }.joined(separator: ", ")
            bands.append(bands.isEmpty ? entries : "\(bound): {\(entries)}")
            bound += Int64.random(in: 1...1000, using: &generator)
        }
        let above = bands.count > 1 ? ", above: {\(bands.dropFirst().joined(separator: ", "))}" : ""
        return try #require(try book("\"m\": {\(bands[0])\(above), request: 0.00000\(Int.random(in: 0...99, using: &generator))}").price("m"))
    }

    private func randomCounts(_ generator: inout PriceGenerator) -> TokenCounts {
        var counts = TokenCounts()
        for kind in TokenClass.allCases where Bool.random(using: &generator) { counts[kind] = Int64.random(in: 0...2000, using: &generator) }
        return counts
    }

    @Test("a token more never costs less")
    func monotone() throws {
        var generator = PriceGenerator("monotone costs")
        for _ in 0..<100 {
            let price = try randomPrice(&generator)
            for _ in 0..<20 {
                let counts = randomCounts(&generator)
                for kind in TokenClass.allCases {
                    var more = counts
                    more[kind] += Int64.random(in: 1...500, using: &generator)
                    #expect(price.cost(of: more) >= price.cost(of: counts), "\(kind)")
                }
            }
        }
    }

    @Test("nothing costs more than its upper bound, whatever its tokens turn out to be")
    func bounded() throws {
        var generator = PriceGenerator("upper bounds")
        for _ in 0..<100 {
            let price = try randomPrice(&generator)
            let adjustment = try #require(PriceAdjustment(multiplierMillionths: Int64.random(in: 0...3_000_000, using: &generator)))
            for _ in 0..<20 {
                let counts = randomCounts(&generator)
                var output: Int64 = 0
                var classes: TokenClassSet = []
                for kind in TokenClass.allCases where counts[kind] > 0 {
                    classes.insert(TokenClassSet(kind))
                    if TokenClassSet.outputs.contains(kind) { output += counts[kind] }
                }
                let (spareIn, spareOut) = (Int64.random(in: 0...50, using: &generator), Int64.random(in: 0...50, using: &generator))
                let cost = price.cost(of: counts, adjustment: adjustment)
                for classes in [classes, .all] {
                    let bound = price.upperBound(
                        inputTokens: counts.inputTotal + spareIn, outputTokens: output + spareOut, classes: classes, adjustment: adjustment)
                    #expect(bound >= cost)
                }
            }
        }
    }

    @Test("where no class costs more than a text's, it does not matter which a request can come to")
    func likeText() throws {
        var generator = PriceGenerator("classes that cost like text")
        var outcomes: Set<Bool> = []
        for _ in 0..<200 {
            // Prices of few digits: now and then others are no dearer than a text's.
            let named = TokenClass.allCases.map { "\($0.name): \(TokenClassSet.text.contains($0) ? 7 : Int.random(in: 0...9, using: &generator))" }
            let rare = Bool.random(using: &generator) ? named : named.filter { $0.hasSuffix("7") }
            var price = try #require(try book("\"m\": {\(rare.joined(separator: ", "))}").price("m"))
            let isDearer = rare.contains { $0.hasSuffix("8") || $0.hasSuffix("9") }
            let doesCharge = price.chargesMoreThanTextInPlace()
            #expect(doesCharge == isDearer)
            outcomes.insert(isDearer)
            let (input, output) = (Int64.random(in: 1...1000, using: &generator), Int64.random(in: 1...1000, using: &generator))
            let all = price.upperBound(inputTokens: input, outputTokens: output)
            #expect(isDearer == (all > price.upperBound(inputTokens: input, outputTokens: output, classes: .text)))
        }
        #expect(outcomes.count == 2)
        var banded = try #require(try book("\"m\": {input: 1, output: 2, above: {100: {input: 1, output: 2, audio_input: 3}}}").price("m"))
        let doesCharge = banded.chargesMoreThanTextInPlace()
        #expect(doesCharge)
    }

    @Test("the longest answer within an amount fits, and one token more does not")
    func longestAnswer() throws {
        var generator = PriceGenerator("longest answers")
        for _ in 0..<100 {
            let price = try randomPrice(&generator)
            let adjustment = try #require(PriceAdjustment(multiplierMillionths: Int64.random(in: 1...3_000_000, using: &generator)))
            for _ in 0..<20 {
                let input = Int64.random(in: 0...3000, using: &generator)
                let amount = Nanodollars(Int64.random(in: 0...1_000_000, using: &generator))
                func bound(_ output: Int64) -> Nanodollars { price.upperBound(inputTokens: input, outputTokens: output, adjustment: adjustment) }
                if let longest = price.outputTokens(within: amount, inputTokens: input, adjustment: adjustment) {
                    #expect(bound(longest) <= amount)
                    #expect(longest == .max || bound(longest + 1) > amount)
                } else {
                    #expect(bound(0) > amount)
                }
            }
        }
    }

    @Test("an answer that costs nothing has no longest length, and without an amount there is none")
    func longestAnswerEdges() throws {
        let free = try #require(try book(#""m": {input: 1, output: 0}"#).price("m"))
        #expect(free.outputTokens(within: Nanodollars(1000), inputTokens: 1) == .max)
        #expect(free.outputTokens(within: Nanodollars(999), inputTokens: 1) == nil)
        #expect(free.outputTokens(within: Nanodollars(-1), inputTokens: 0) == nil)
        let fixed = try #require(PriceAdjustment(fixed: Nanodollars(10)))
        #expect(free.outputTokens(within: Nanodollars(10), inputTokens: 100, adjustment: fixed) == .max)
        #expect(free.outputTokens(within: Nanodollars(9), inputTokens: 100, adjustment: fixed) == nil)
        let unmarked = ModelPrice(input: .zero, output: try #require(UnitPrice(nanodollarsPerMillion: 1)))
        #expect(unmarked.outputTokens(within: .max, inputTokens: 0) == .max)
    }
}
