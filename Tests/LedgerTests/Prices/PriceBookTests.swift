import Bytes
import Foundation
import JSON
@testable import Ledger
import Testing
import Yams

@Suite("Price book")
struct PriceBookTests {
    // MARK: Lookup

    @Test("a model is found under its name, else without prefix and date, else not", arguments: [
        ("gpt-4o", "gpt-4o", true), ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13", true), ("gpt-4o-2024-08-06", "gpt-4o", false),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5", false), ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5", false),
        ("models/gpt-4o", "gpt-4o", false), ("models/gpt-4o-2024-08-06", "gpt-4o", false), ("gpt-4o-mini", nil, false), ("gpt-4", nil, false),
        ("gpt-4o-2024-13-06", nil, false), ("gpt-4o-2024-08-32", nil, false), ("gpt-4o-1999-01-01", nil, false), ("gpt-4o-2024-8-06", nil, false),
        ("gpt-4o_2024-08-06", nil, false), ("GPT-4o", nil, false), ("-2024-08-06", nil, false), ("models/", nil, false), ("", nil, false),
        ("publishers/gpt-4o", nil, false), ("gpt-4o-20240806", "gpt-4o", false), ("gpt-4o-2024-08-06-", nil, false),
    ] as [(String, String?, Bool)])
    func names(asked: String, found: String?, isExact: Bool) throws {
        let prices = try book(
            #""gpt-4o": {input: 1, output: 1}"#, #""gpt-4o-2024-05-13": {input: 2, output: 2}"#, #""claude-sonnet-4-5": {input: 3, output: 3}"#)
        let price = prices.price(asked)
        let wanted = found.flatMap { prices.price($0) }
        #expect(price?.rate(of: .input) == wanted?.rate(of: .input))
        if price != nil { #expect(price?.isExactName == isExact) }
    }

    @Test("a model of one provider is none of another's, and default is a name like any other")
    func providers() throws {
        let prices = try bookOfText("version: \"1\"\nprices:\n  a:\n    \"m\": {input: 1, output: 1}\n  b:\n    \"n\": {input: 2, output: 1}\n")
        #expect(prices.price("m", of: "a") != nil)
        #expect(prices.price("m", of: "b") == nil)
        #expect(prices.price("n", of: "a") == nil)
        #expect(prices.price("default", of: "a") == nil)
        #expect(prices.models.map(\.provider) == ["a", "b"])
    }

    @Test("of two books the upper answers first, the exact name in either before a name without its date")
    func layers() throws {
        let lower = try bookOfText(
            "version: \"low\"\nsource: \"s\"\nprices:\n  p:\n    \"m\": {input: 1, output: 1, units: {u: 1}}\n    \"n-2024-08-06\": {input: 2, output: 2}\n    \"q\": {input: 9, output: 9}\n")
        let upper = try book(#""m": {input: 5, output: 5, units: {u: 3, image.high.1x1: 4}}"#, #""n": {input: 6, output: 6}"#, over: lower)
        #expect(upper.version == "1 over low")
        let own = try #require(upper.price("m"))
        #expect(own.rate(of: .input).dollarsPerMillion == "5")
        #expect(upper.unit("u", of: own) == 3_000_000_000_000_000)
        let inherited = try #require(upper.price("q"))
        #expect(inherited.rate(of: .input).dollarsPerMillion == "9")
        #expect(upper.unit("u", of: inherited) == nil)
        let below = try #require(lower.price("m"))
        #expect(upper.unit("u", of: below) == 1_000_000_000_000_000)
        #expect(upper.units(of: below).map(\.name) == ["u"])
        #expect(lower.unit("u", of: own) == nil)
        #expect(upper.price("n-2024-08-06")?.rate(of: .input).dollarsPerMillion == "2")
        #expect(upper.price("n-2024-08-07")?.rate(of: .input).dollarsPerMillion == "6")
        #expect(upper.price("m-2024-08-07")?.rate(of: .input).dollarsPerMillion == "5")
        #expect(upper.price("n-2024-08-06")?.isExactName == true && upper.price("n-2024-08-07")?.isExactName == false)
    }

    @Test("a price is copied to where it is to be read, from either book, and where there is none nothing is written")
    func copiesPrices() throws {
        let upper = try book(#""m": {input: 5, output: 5}"#, over: try book(#""q": {input: 9, output: 9}"#))
        let place = UnsafeMutablePointer<ModelPrice>.allocate(capacity: 1)
        defer { place.deallocate() }
        place.initialize(to: ModelPrice(input: .zero, output: .zero))
        for (model, dollars) in [("none", "0"), ("m", "5"), ("none", "5"), ("q-2024-08-06", "9")] {
            let isFound = Array(model.utf8).withByteSlice { upper.copyPrice(provider: ByteSlice("p"), model: $0, to: place) }
            #expect(isFound == (model != "none"))
            #expect(place.pointee.rate(of: .input).dollarsPerMillion == dollars)
        }
        #expect(place.pointee.isExactName == false && place.pointee.owner == upper.price("q")?.owner)
    }

    @Test("an image is priced at its quality and size, else at the default of either")
    func images() throws {
        let prices = try book(
            #""m": {input: 1, output: 1, units: {image.default.default: 1, image.high.1024x1024: 2, image.high.default: 3, image.default.512x512: 4}}"#)
        let price = try #require(prices.price("m"))
        for (quality, size, dollars) in [
            ("high", "1024x1024", "2"), ("high", "1x1", "3"), ("low", "512x512", "4"), ("low", "1x1", "1"), ("", "", "1"), ("high.1024x1024", "", "1"),
        ] {
            let found = Array(quality.utf8).withByteSlice { quality in
                Array(size.utf8).withByteSlice { prices.imagePrice(quality: quality, size: $0, of: price) }
            }
            #expect(found?.dollars == dollars, "\(quality) \(size)")
        }
    }

    // MARK: Faults

    @Test("a book with a fault is none, and the fault is told with its place", arguments: [
        ("", "1:1: the book has no version: \"…\""),
        ("version: \"1\"\n", "2:1: the book has no prices:"),
        ("version: 1\n", "1:10: expected a text in double quotes"),
        ("version: \"1\"\nversion: \"2\"\n", "2:1: the version is given twice"),
        ("Version: \"1\"\n", "1:1: expected version: \"…\", source: \"…\" or prices:"),
        ("version: \"1\"\nprices:\n \"m\": {}\n", "3:2: expected an indent of 0, 2 or 4 blanks"),
        ("version: \"1\"\nprices:\n\tp:\n", "3:1: expected version: \"…\", source: \"…\" or prices:"),
        ("version: \"1\"\nprices:\n    \"m\": {input: 1}\n", "3:5: a model stands below its provider"),
        ("version: \"1\"\n  p:\nprices:\n", "2:3: a provider stands below prices:"),
        ("version: \"1\"\nprices:\n  p:\n  p:\n", "4:3: the provider \"p\" is given twice"),
        ("version: \"1\"\nprices:\n  p: {}\n", "3:5: expected the end of the line"),
        ("version: \"1\"\r\nprices:\n", "1:13: expected the end of the line"),
    ])
    func faults(text: String, expected: String) {
        #expect(fault { () throws(PriceFaults) in try bookOfText(text) } == expected)
    }

    @Test("a row with a fault is none, and the fault is told with its place", arguments: [
        (#""m": {input: NaN, output: 1}"#, "4:18: expected a price: digits, and \".\" before decimals"),
        (#""m": {input: -1, output: 1}"#, "4:18: expected a price: digits, and \".\" before decimals"),
        (#""m": {input: 1e400, output: 1}"#, "4:19: expected \", \" or \"}\""),
        (#""m": {input: .5, output: 1}"#, "4:18: expected a price: digits, and \".\" before decimals"),
        (#""m": {input: 01, output: 1}"#, "4:18: expected a price: digits, and \".\" before decimals"),
        (#""m": {input: 1., output: 1}"#, "4:20: expected decimals after \".\""),
        (#""m": {input: 1000000000.000000001, output: 1}"#, "4:18: the price is too large"),
        (#""m": {input: 99999999999999999999999999, output: 1}"#, "4:18: the price is too large"),
        (#""m": {input: 0.0000000001, output: 1}"#, "4:18: a price has at most 9 decimals here"),
        (#""m": {units: {u: 0.0000000000000001}}"#, "4:22: a price has at most 15 decimals here"),
        (#""m": {units: {u: 1000.1}}"#, "4:22: the price is too large"),
        (#""m": {input: 1, input: 2}"#, "4:21: a class of tokens is given twice"),
        (#""m": {units: {u: 1, u: 2}}"#, "4:25: a unit is given twice"),
        (#""m": {units: {u: 1}, units: {v: 1}}"#, "4:33: units are given twice"),
        (#""m": {batch: {input: 1}, batch: {input: 1}}"#, "4:37: a service tier is given twice"),
        (#""m": {above: {5: {input: 1}}, above: {6: {input: 1}}}"#, "4:43: above is given twice"),
        (#""m": {above: {5: {input: 1}, 5: {input: 1}}}"#, "4:34: bounds are given in rising order"),
        (#""m": {above: {0: {input: 1}}}"#, "4:19: expected a number of tokens"),
        (#""m": {context: -1}"#, "4:20: expected a number of tokens"),
        (#""m": {colour: 1}"#, "4:11: expected a class of tokens, request, context, max_output, above, a service tier or units"),
        (#""m": {}"#, "4:11: expected a class of tokens, request, context, max_output, above, a service tier or units"),
        (#""m": {input: 1"#, "4:19: expected \", \" or \"}\""),
        (#""m": {input: 1,output: 1}"#, "4:19: expected \", \" or \"}\""),
        (#""m": {input: 1} # dollars"#, "4:20: expected the end of the line"),
        (#""m": 1"#, "4:10: expected \"{\""),
        (#""m" : {input: 1}"#, "4:8: expected \": {\" after the model's name"),
        (#""": {input: 1}"#, "4:6: the text is empty"),
        (#""m: {input: 1}"#, "4:6: the text that starts here does not end"),
        (#""a\u0062": {input: 1}"#, "4:7: expected printable ASCII without \"\\\""),
        (#"m: {input: 1}"#, "4:5: expected a text in double quotes"),
        ("\"a\": {input: 1}\n    \"a\": {input: 1}", "5:6: the model \"a\" is given twice"),
    ])
    func rowFaults(row: String, expected: String) {
        #expect(fault(ofRow: row) == expected)
    }

    @Test("every fault is told, up to a bound")
    func allFaults() throws {
        func count(_ rows: Int) -> Int {
            let text = "version: \"1\"\nprices:\n  p:\n" + String(repeating: "    bad\n", count: rows)
            do throws(PriceFaults) {
                _ = try bookOfText(text)
                return 0
            } catch { return error.diagnostics.count }
        }
        #expect(count(3) == 3)
        #expect(count(PriceLimits.faultCount - 1) == PriceLimits.faultCount - 1)
        #expect(count(PriceLimits.faultCount * 3) == PriceLimits.faultCount)
    }

    @Test("any of 5,000 mutations of a book and of lists is read or refused, never a crash")
    func mutations() {
        var generator = PriceGenerator("mutated prices")
        let samples = [
            "# c\nversion: \"1\"\nsource: \"s\"\nprices:\n  p:\n    \"m\": {input: 2.5, cached: 1, output: 10, context: 5, above: {9: {input: 3}}, batch: {input: 1, above: {9: {input: 2}}}, units: {u: 1, image.a.b: 2}}\n  q:\n",
            #"{"m-lte-1k": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.01}, "image": {"a": {"b": {"price": 1}}}}, "fixed_cost": {"r": {"price": 1e2}}}, "custom_pricing": {"context_tier_map": {"5": "x"}, "regions": {"default": {"execution_modes": {"batch": {"context_tiers": {"x": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.1}}}}}}}}}}}}"#,
            #"{"a/m": {"litellm_provider": "a", "input_cost_per_token_above_200k_tokens_batches": 1e-06, "output_cost_per_token": 1e-9, "max_output_tokens": 10, "tiered_pricing": [{"range": [0, 10], "input_cost_per_token": 1}]}}"#,
        ].map { Array($0.utf8) }
        let pieces = ["\"", "{", "}", ": ", ", ", "0", "9999999999999999999999", "-1", "1e999999999999999999", "\n", "\n    ", "\u{0}", "\u{FF}", "\\u0000", "null", "[]"]
        for round in 0..<5000 {
            var text = samples[round % samples.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: text[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: text.insert(contentsOf: Array((pieces.randomElement(using: &generator) ?? "").utf8), at: at)
                case 2: text.removeSubrange(at..<min(text.count, at + Int.random(in: 1...9, using: &generator)))
                default: text += text[at...]
                }
                if text.isEmpty { text = [0x7B] }
            }
            text.withByteSlice { bytes in
                do throws(PriceFaults) {
                    if round % samples.count == 0 {
                        _ = try PriceBook(bytes)
                    } else {
                        var prices = PriceImport()
                        try prices.add(bytes, file: "f.json")
                        _ = try prices.book(version: "1", source: "s", notice: "")
                    }
                } catch {
                    #expect(!error.diagnostics.isEmpty)
                }
            }
        }
    }

    // MARK: Limits

    @Test("names, units and bands fit up to their bounds and no further")
    func rowLimits() throws {
        func name(_ count: Int) -> String { String(repeating: "n", count: count) }
        _ = try book("\"\(name(PriceLimits.modelByteCount))\": {input: 1}")
        #expect(fault(ofRow: "\"\(name(PriceLimits.modelByteCount + 1))\": {input: 1}") == "4:6: the text has more than 256 bytes")
        #expect(try book(#""m": {input: 1}"#).price(name(PriceLimits.modelByteCount + 1)) == nil)
        _ = try book("\"m\": {units: {\(name(PriceLimits.nameByteCount)): 1}}")
        #expect(fault(ofRow: "\"m\": {units: {\(name(PriceLimits.nameByteCount + 1)): 1}}") == "4:19: a name has at most 64 bytes")
        func units(_ count: Int) -> String { "\"m\": {units: {\((0..<count).map { "u\($0): 1" }.joined(separator: ", "))}}" }
        _ = try book(units(PriceLimits.unitCount))
        #expect(fault(ofRow: units(PriceLimits.unitCount + 1))?.hasSuffix("more than 64 units") == true)
        func bands(_ count: Int) -> String { "\"m\": {input: 1, above: {\((1..<count).map { "\($0): {input: 1}" }.joined(separator: ", "))}}" }
        #expect(try book(bands(PriceLimits.bandCount)).price("m")?.bounds == [1, 2, 3])
        #expect(fault(ofRow: bands(PriceLimits.bandCount + 1))?.hasSuffix("more than 4 prices by length") == true)
        _ = try book(#""m": {input: 1000000000, units: {u: 1000}}"#)
    }

    @Test("a book has as many providers, models and bytes as it may, and no more")
    func bookLimits() throws {
        func providers(_ count: Int) -> String { "version: \"1\"\nprices:\n" + (0..<count).map { "  p\($0):\n" }.joined() }
        _ = try bookOfText(providers(PriceLimits.providerCount))
        #expect(fault { () throws(PriceFaults) in try bookOfText(providers(PriceLimits.providerCount + 1)) } == "259:3: more than 256 providers")
        func models(_ count: Int) -> String { "version: \"1\"\nprices:\n  p:\n" + (0..<count).map { "    \"\($0)\": {input: 1}\n" }.joined() }
        let most = try bookOfText(models(PriceLimits.modelCount))
        #expect(most.modelCount == PriceLimits.modelCount)
        #expect(most.price("65535") != nil)
        #expect(fault { () throws(PriceFaults) in try bookOfText(models(PriceLimits.modelCount + 1)) }?.hasSuffix("more than 65536 models") == true)
        let short = "version: \"1\"\nprices:\n#"
        let full = short + String(repeating: "x", count: PriceLimits.bookByteCount - short.utf8.count)
        _ = try bookOfText(full)
        #expect(fault { () throws(PriceFaults) in try bookOfText(full + "x") } == "1:1: the book has 4194305 bytes; at most 4194304 are read")
    }

    // MARK: The book that comes with the program

    @Test("the embedded book is config/prices.yaml, and has no fault")
    func embedded() throws {
        let file = try #require(FileManager.default.contents(atPath: "config/prices.yaml"))
        #expect([UInt8](PriceBook.embeddedText) == Array(file))
        let prices = try PriceBook.embedded()
        #expect(prices.modelCount > 2800)
        #expect(String(decoding: file, as: UTF8.self).contains("# Copyright (c) 2025 Portkey.ai"), "its licence asks for its notice")
        for (model, provider) in [("gpt-4o", "openai"), ("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-pro", "google"), ("gpt-4o", "azure-openai")] {
            #expect(prices.price(model, of: provider) != nil, "\(provider)/\(model)")
        }
        #expect(prices.price("gemini-2.5-pro", of: "google")?.bounds == [200_000])
        #expect(prices.price("gemini-1.5-pro", of: "google")?.bounds == [128_000])
        #expect(prices.models.allSatisfy { $0.model != "default" })
    }

    @Test("in the embedded book long prompts are no cheaper than short ones, so that costs only rise")
    func embeddedIsMonotone() throws {
        let prices = try PriceBook.embedded()
        for (provider, model) in prices.models {
            for tier in ServiceTier.allCases {
                guard let price = prices.price(model, of: provider, tier), price.tier == tier else { continue }
                for (shorter, longer) in zip([0] + price.bounds, price.bounds.map { $0 + 1 }) {
                    for kind in TokenClass.allCases {
                        #expect(price.rate(of: kind, inputTokens: longer) >= price.rate(of: kind, inputTokens: shorter), "\(provider)/\(model) \(tier) \(kind)")
                    }
                }
            }
        }
    }

    @Test("a parser of all of YAML reads the same in the embedded book")
    func yamlAgrees() throws {
        let prices = try PriceBook.embedded()
        let root = try #require(try Yams.compose(yaml: String(PriceBook.embeddedText)))
        #expect(root["version"]?.string == prices.version)
        #expect(root["source"]?.string == prices.source)
        var count = 0
        for (provider, models) in try #require(root["prices"]?.mapping) {
            for (model, row) in try #require(models.mapping) {
                count += 1
                let names = (try #require(provider.string), try #require(model.string))
                let isSame = try compare(row, with: prices, names.0, names.1)
                #expect(isSame, "\(names.0)/\(names.1)")
            }
        }
        #expect(count == prices.modelCount)
    }

    private func compare(_ row: Node, with prices: PriceBook, _ provider: String, _ model: String) throws -> Bool {
        guard let standard = prices.price(model, of: provider), standard.isExactName else { return false }
        var units: [String: String] = [:]
        var isSame = try agrees(row, standard, inputTokens: 0)
        for (key, value) in try #require(row.mapping) {
            let name = try #require(key.string)
            if name == "units" {
                for (unit, price) in try #require(value.mapping) { units[try #require(unit.string)] = try #require(price.scalar?.string) }
            } else if let tier = ServiceTier.allCases.first(where: { $0.name.description == name }) {
                let price = try #require(prices.price(model, of: provider, tier))
                isSame = isSame && price.tier == tier
                isSame = try agrees(value, price, inputTokens: 0) && isSame
            } else if name == "request" {
                isSame = isSame && value.scalar?.string == standard.perRequest.dollars
            }
        }
        let ours = Dictionary(uniqueKeysWithValues: prices.units(of: standard).map { ($0.name, $0.price.dollars) })
        return isSame && ours == units
    }

    /// Whether the classes of `node`, and of its bounds, are what `price` states.
    private func agrees(_ node: Node, _ price: ModelPrice, inputTokens: Int64) throws -> Bool {
        var stated: TokenClassSet = []
        for (key, value) in try #require(node.mapping) {
            let name = try #require(key.string)
            if let kind = TokenClass.allCases.first(where: { $0.name.description == name }) {
                stated.insert(TokenClassSet(kind))
                guard value.scalar?.string == price.rate(of: kind, inputTokens: inputTokens).dollarsPerMillion else { return false }
            } else if name == "above" {
                for (bound, band) in try #require(value.mapping) {
                    let tokens = try #require(bound.int)
                    guard price.bounds.contains(Int64(tokens)), try agrees(band, price, inputTokens: Int64(tokens) + 1) else { return false }
                }
            }
        }
        return inputTokens > 0 || stated == price.statedClasses
    }
}
