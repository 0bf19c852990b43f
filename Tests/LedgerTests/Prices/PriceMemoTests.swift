import Bytes
@testable import Ledger
import Providers
import Testing

@Suite("Prices asked for before")
struct PriceMemoTests {
    private static let names = (0..<20).map { "m\($0)" } + ["none", "", "m1-2024-08-06", String(repeating: "x", count: PriceLimits.memoNameByteCount)]

    /// Models `m0` to `m19` at as many dollars and `more`, of two providers; some at another price at another tier.
    private func book(_ more: Int) throws -> PriceBook {
        let rows = (0..<20).map { number in
            let flex = number % 3 == 0 ? ", flex: {input: \(number + more), output: 1}" : ""
            return "    \"m\(number)\": {input: \(number + more + 100), output: \(number + 1)\(flex)}\n"
        }
        let long = "    \"\(String(repeating: "x", count: PriceLimits.memoNameByteCount))\": {input: 7, output: 7}\n"
        return try bookOfText("version: \"1\"\nprices:\n  a:\n" + rows.joined() + long + "  b:\n    \"m1\": {input: 900, output: 1}\n")
    }

    private func ask(
        _ memo: PriceMemo, _ model: String, _ provider: String, _ tier: ServiceTier, _ book: PriceBook
    ) -> (price: ModelPrice?, cost: Nanodollars?) {
        let place = UnsafeMutablePointer<ModelPrice>.allocate(capacity: 1)
        defer { place.deallocate() }
        return Array(provider.utf8).withByteSlice { provider in
            Array(model.utf8).withByteSlice { model in
                var usage = Usage()
                usage.input = 1_000_000
                let isFound = memo.copyPrice(provider: provider, model: model, tier: tier, from: book, to: place)
                let cost = memo.cost(of: usage, provider: provider, model: model, tier: tier, adjustment: .none, from: book)
                return (isFound ? place.pointee : nil, cost)
            }
        }
    }

    @Test("whatever was asked for before, of whichever book, the answer is the book's")
    func sameAsTheBook() throws {
        var random = PriceGenerator("prices asked for before")
        let books = [try book(0), try book(1000)]
        let memo = PriceMemo()
        var current = books[0]
        for _ in 0..<3000 {
            if Int.random(in: 0..<50, using: &random) == 0 { current = books.randomElement(using: &random) ?? current }
            // Few at a time, so that they are asked for again, and then others.
            let model = Self.names[(Int.random(in: 0..<6, using: &random) + Int.random(in: 0..<2, using: &random) * 11) % Self.names.count]
            let provider = Int.random(in: 0..<4, using: &random) == 0 ? "b" : "a"
            let tier: ServiceTier = Int.random(in: 0..<3, using: &random) == 0 ? .flex : .standard
            let expected = current.price(model, of: provider, tier)
            let (price, cost) = ask(memo, model, provider, tier, current)
            #expect(price?.rate(of: .input).dollarsPerMillion == expected?.rate(of: .input).dollarsPerMillion, "\(model) of \(provider)")
            #expect(price?.tier == expected?.tier && price?.owner == expected?.owner && price?.isExactName == expected?.isExactName)
            #expect((cost == nil) == (expected == nil))
        }
    }

    @Test("names as long as are kept, and one byte longer, have their price", arguments: [0, 1])
    func longNames(more: Int) throws {
        let name = String(repeating: "x", count: PriceLimits.memoNameByteCount - 1 + more)
        let book = try bookOfText("version: \"1\"\nprices:\n  a:\n    \"\(name)\": {input: 7, output: 7}\n")
        let memo = PriceMemo()
        for _ in 0..<2 { #expect(ask(memo, name, "a", .standard, book).price?.rate(of: .input).dollarsPerMillion == "7") }
    }

    @Test("names that run into each other are two")
    func joinedNames() throws {
        let book = try bookOfText("version: \"1\"\nprices:\n  ab:\n    \"c\": {input: 1, output: 1}\n  b:\n    \"ca\": {input: 2, output: 1}\n")
        let memo = PriceMemo()
        for (model, provider, dollars) in [("c", "ab", "1"), ("ca", "b", "2"), ("c", "ab", "1")] {
            #expect(ask(memo, model, provider, .standard, book).price?.rate(of: .input).dollarsPerMillion == dollars)
        }
    }
}
