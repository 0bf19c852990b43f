import Bytes
import Foundation
import JSON
@testable import Ledger
import Testing

/// What importing `text` writes below `prices:`, and the report.
private func imported(_ text: String, file: String = "p.json", provider: String? = nil) throws -> (rows: [String], report: PriceImport.Report) {
    var prices = PriceImport()
    try Array(text.utf8).withByteSlice { (bytes) throws(PriceFaults) in try prices.add(bytes, file: file, provider: provider) }
    let book = try prices.book(version: "1", source: "test", notice: "")
    let rows = book.split(separator: "\n").filter { $0.hasPrefix("  ") }.map { String($0.drop { $0 == " " }) }
    return (rows, prices.report)
}

private func importFault(_ text: String) -> String? {
    var prices = PriceImport()
    return fault { () throws(PriceFaults) in
        try Array(text.utf8).withByteSlice { (bytes) throws(PriceFaults) in try prices.add(bytes, file: "p.json") }
    }
}

@Suite("Importing prices")
struct PriceImportTests {
    // MARK: Portkey-AI/models

    @Test("a Portkey model's classes, batch, units and images become a row")
    func portkey() throws {
        let (rows, report) = try imported("""
            {"default": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0}}, "calculate": {}, "currency": "USD"}},
             "m": {"pricing_config": {"pay_as_you_go": {
                "request_token": {"price": 0.00025}, "response_token": {"price": 0.001}, "cache_read_input_token": {"price": 1.25e-4},
                "cache_write_input_token": {"price": 0}, "request_audio_token": {"price": 0.01},
                "image": {"high": {"1024x1024": {"price": 16.7}}},
                "additional_units": {"web_search": {"price": 1}, "cache_write_1h": {"price": 0.0006}, "default_steps": {"price": 28}}},
              "batch_config": {"request_token": {"price": 0.000125}, "response_token": {"price": 0.0005}},
              "fixed_cost": {"request": {"price": 0.5}, "response": {"price": 0}}, "finetune_config": {"pay_per_token": {"price": 1}}, "odd": 1}}}
            """)
        #expect(rows == [
            "p:",
            #""m": {input: 2.5, cached: 1.25, cache_write_1h: 6, audio_input: 100, output: 10, request: 0.005, batch: {input: 1.25, output: 5}, units: {image.high.1024x1024: 0.167, web_search: 0.01}}"#,
        ])
        #expect((report.models, report.formulas, report.dropped, report.rounded) == (1, 1, 1, 0))
        #expect(report.untaken == ["default_steps": 1, "finetune_config": 1])
        #expect(report.unknown == ["odd": 1])
    }

    @Test("service tiers and bounds of the first region are taken, others are counted, and pricing_config holds where both say")
    func portkeyCustom() throws {
        let (rows, report) = try imported("""
            {"m": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.0002}, "response_token": {"price": 0.001}}},
              "custom_pricing": {"context_tier_map": {"0": "short", "200000": "long"}, "regions": {
                "default": {"execution_modes": {
                  "standard": {"context_tiers": {
                    "short": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.0003}, "cache_read_input_token": {"price": 0.00002}}}},
                    "long": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.0004}}}}}},
                  "priority": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.0005}}}},
                  "turbo": {"pricing_config": {}}}},
                "eu": {"execution_modes": {}}}}}}
            """)
        #expect(rows == ["p:", #""m": {input: 2, cached: 0.2, output: 10, above: {200000: {input: 4}}, priority: {input: 5}}"#])
        #expect(report.regional == 1)
        #expect(report.unknown == ["execution_modes.turbo": 1])
        #expect(report.conflicts == ["p/m: pricing_config and custom_pricing"])
    }

    @Test("a price that is none is not in the way of one that is")
    func portkeyCustomFills() throws {
        let (rows, report) = try imported("""
            {"m": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.0002}, "cache_read_input_token": {"price": 0.00045}}},
              "custom_pricing": {"regions": {"default": {"execution_modes": {
                "standard": {"pricing_config": {"pay_as_you_go": {"cache_read_input_token": {"price": 0.00002}}}}}}}}}}
            """)
        #expect(rows == ["p:", #""m": {input: 2, cached: 0.2}"#])
        #expect(report.dropped == 1 && report.conflicts.isEmpty)
    }

    private func half(_ name: String, _ price: String) -> String {
        "\"\(name)\": {\"pricing_config\": {\"pay_as_you_go\": {\"request_token\": {\"price\": \(price)}, \"response_token\": {\"price\": 0.001}}}}"
    }

    @Test("two rows named for the length of the prompt are one model, whose bound Google's later models have at 200,000")
    func portkeyLengths() throws {
        let differing = "{\(half("gemini-2.5-pro-lte-128k", "0.0001")), \(half("gemini-2.5-pro-gt-128k", "0.0002"))}"
        #expect(try imported(differing, file: "google.json").rows == ["google:", #""gemini-2.5-pro": {input: 1, output: 10, above: {200000: {input: 2, output: 10}}}"#])
        #expect(try imported(differing, file: "other.json").rows == ["other:", #""gemini-2.5-pro": {input: 1, output: 10, above: {128000: {input: 2, output: 10}}}"#])
        let same = "{\(half("m-gt-32k", "0.0001")), \(half("m-lte-32k", "0.0001"))}"
        #expect(try imported(same).rows == ["p:", #""m": {input: 1, output: 10}"#])
        // One that says 200k itself is believed before one whose bound was put right.
        let both = "{\(half("x-lte-128k", "0.0003")), \(half("x-gt-128k", "0.0004")), \(half("x-lte-200k", "0.0001")), \(half("x-gt-200k", "0.0002"))}"
        #expect(try imported(both, file: "google.json").rows == ["google:", #""x": {input: 1, output: 10, above: {200000: {input: 2, output: 10}}}"#])
        let alone = try imported("{\(half("m-gt-32k", "0.0001")), \(half("n", "0.0001"))}")
        #expect(alone.rows == ["p:", #""n": {input: 1, output: 10}"#])
        #expect(alone.report.unpriced == ["p/m: its prices by length do not go together"])
        let falling = try imported("{\(half("m-gt-32k", "0.0001")), \(half("m-lte-32k", "0.0002")), \(half("n", "0.0001"))}")
        #expect(falling.rows == ["p:", #""n": {input: 1, output: 10}"#])
        #expect(falling.report.unpriced == ["p/m: a long prompt is cheaper than a short one"])
    }

    @Test("a model without a believable price has none, and is named", arguments: [
        (#"{"request_token": {"price": 0}, "response_token": {"price": 0}}"#, "all prices are 0"),
        (#"{}"#, "no price"),
        (#"{"request_token": {"price": 0.0001}, "request_audio_token": {"price": 0.6}}"#, "a token for more than 900 dollars a million"),
    ])
    func unpriced(paid: String, reason: String) throws {
        let (rows, report) = try imported("{\"m\": {\"pricing_config\": {\"pay_as_you_go\": \(paid)}}, \(half("n", "0.0001"))}")
        #expect(rows == ["p:", #""n": {input: 1, output: 10}"#])
        #expect(report.unpriced == ["p/m: \(reason)"])
    }

    @Test("a dearest token is taken, and one that is a little dearer is not")
    func dearestToken() throws {
        #expect(try imported("{\(half("m", "0.09"))}").rows == ["p:", #""m": {input: 900, output: 10}"#])
        #expect(try imported("{\(half("m", "0.0900001")), \(half("n", "0.0001"))}").report.unpriced.count == 1)
    }

    @Test("zeros are a price where the name says that the model is free", arguments: ["a/b:free", "router/free", "omni-moderation-latest"])
    func free(name: String) throws {
        let paid = #"{"request_token": {"price": 0}, "response_token": {"price": 0}}"#
        #expect(try imported("{\"\(name)\": {\"pricing_config\": {\"pay_as_you_go\": \(paid)}}}").rows == ["p:", "\"\(name)\": {input: 0, output: 0}"])
    }

    @Test("a zero beside a price, and a cached token dearer than a fresh one, say nothing")
    func unbelievable() throws {
        let paid = #"{"request_token": {"price": 0.0002}, "response_token": {"price": 0}, "cache_read_input_token": {"price": 0.00045}, "reasoning_token": {"price": 0}, "request_image_token": {"price": 0}}"#
        let (rows, report) = try imported("{\"m\": {\"pricing_config\": {\"pay_as_you_go\": \(paid)}}}")
        // Reasoning goes by output, which is 0 itself.
        #expect(rows == ["p:", #""m": {input: 2, output: 0, reasoning: 0}"#])
        #expect(report.dropped == 2)
    }

    @Test("prices in another currency are none here")
    func currency() throws {
        let euros = #""m": {"pricing_config": {"currency": "EUR", "pay_as_you_go": {"request_token": {"price": 1}}}}"#
        #expect(try imported("{\(euros), \(half("n", "0.0001"))}").report.unpriced == [#"p/m: its prices are in "EUR""#])
    }

    // MARK: LiteLLM

    @Test("a LiteLLM model's classes, tiers, bounds, lengths and units become a row below our provider's name")
    func liteLLM() throws {
        let (rows, report) = try imported("""
            {"sample_spec": {"litellm_provider": "one of …", "max_tokens": "max"},
             "gemini/gemini-2.5-pro": {"litellm_provider": "gemini", "mode": "chat", "max_input_tokens": 1048576, "max_output_tokens": 65535, "max_tokens": 1,
                "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-07,
                "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05,
                "input_cost_per_token_batches": 6.25e-07, "input_cost_per_token_above_200k_tokens_priority": 4.5e-06, "input_cost_per_token_priority": 2.25e-06,
                "search_context_cost_per_query": {"search_context_size_high": 0.035}, "supports_vision": true, "input_cost_per_moon": 1},
             "claude-sonnet-4-5": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
                "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
                "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05, "file_search_cost_per_1k_calls": 2.5},
             "vertex_ai/claude-x": {"litellm_provider": "vertex_ai-anthropic_models", "input_cost_per_token": 3e-06, "output_cost_per_token": null},
             "dashscope/qwen": {"litellm_provider": "dashscope", "tiered_pricing": [
                {"range": [0, 32000], "input_cost_per_token": 1e-06, "output_cost_per_token": 4.9999999999999996e-06},
                {"range": [32000.0, 128000], "input_cost_per_token": 2e-06, "output_cost_per_token": 6e-06}]},
             "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": "0.0000025", "output_cost_per_token": 1e-05},
             "nameless": {"input_cost_per_token": 1e-06}}
            """)
        #expect(rows == [
            "anthropic:",
            #""claude-sonnet-4-5": {input: 3, cache_write_5m: 3.75, cache_write_1h: 6, output: 15, above: {200000: {cache_write_1h: 12}}, units: {file_search: 0.0025}}"#,
            "azure-openai:",
            #""gpt-4o": {input: 2.5, output: 10}"#,
            "dashscope:",
            #""qwen": {input: 1, output: 5, above: {32000: {input: 2, output: 6}}}"#,
            "google:",
            #""gemini-2.5-pro": {input: 1.25, cached: 0.125, output: 10, context: 1048576, max_output: 65535, above: {200000: {input: 2.5, output: 15}}, batch: {input: 0.625}, priority: {input: 2.25, above: {200000: {input: 4.5}}}, units: {web_search_high_context: 0.035}}"#,
            "vertex-ai:",
            #""claude-x": {input: 3}"#,
        ])
        #expect((report.models, report.formulas, report.rounded) == (5, 1, 1))
        #expect(report.unknown == ["input_cost_per_moon": 1])
        #expect(report.untaken == ["max_tokens": 1])
        #expect(report.unpriced == ["?/nameless: it names no provider"])
    }

    @Test("a provider that is named holds for all models, and of two prices the first")
    func named() throws {
        let list = """
            {"a/m": {"litellm_provider": "a", "input_cost_per_token": 1e-06}, "b/m": {"litellm_provider": "b", "input_cost_per_token": 2e-06},
             "b/n": {"litellm_provider": "b", "input_cost_per_token": 2e-06}, "n": {"litellm_provider": "b", "input_cost_per_token": 2e-06}}
            """
        let (rows, report) = try imported(list, provider: "ours")
        #expect(rows == ["ours:", #""m": {input: 1}"#, #""n": {input: 2}"#])
        #expect(report.conflicts == ["ours/m"])
    }

    // MARK: Bad files

    @Test("a file with a fault is refused whole, and the fault is told with its place", arguments: [
        ("", "1:1: expected a value, not the end of the text"),
        ("[]", "1:1: expected an object of models, not array"),
        ("{}", "1:1: neither a list of LiteLLM's, whose models have \"litellm_provider\", nor one of Portkey-AI/models, whose models have \"pricing_config\""),
        (#"{"m": {"litellm_provider": "a", "input_cost_per_token": NaN}}"#, "1:57: expected a value, not \"N\""),
        (#"{"m": {"litellm_provider": "a", "input_cost_per_token": 1e400}}"#, "1:57: the price is too large: at most a thousand dollars a unit"),
        (#"{"m": {"litellm_provider": "a", "input_cost_per_token": -1e-6}}"#, "1:57: a price cannot be below 0"),
        (#"{"m": {"litellm_provider": "a", "input_cost_per_token": "free"}}"#, "1:57: \"free\" is no price"),
        (#"{"m": {"litellm_provider": "a", "input_cost_per_token": true}}"#, "1:57: expected a price, not boolean"),
        (#"{"m": {"litellm_provider": "a", "input_cost_per_token": 1}, "n": 5}"#, "1:66: expected an object, not number"),
        (#"{"m": {"litellm_provider": "a"}, "m": {"litellm_provider": "a"}}"#, "1:34: \"m\" is given twice"),
        (#"{"m": {"litellm_provider": "a", "tiered_pricing": [{"input_cost_per_token": 1}]}}"#, "1:52: expected a \"range\" of tokens"),
        (#"{"m": {"pricing_config": {"pay_as_you_go": {"request_token": 5}}}}"#, "1:62: expected an object with a \"price\", not number"),
        (#"{"m": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": null}}}}}"#, "1:72: expected a price, not null"),
        (#"{"m": {"pricing_config": {}}, "n": []}"#, "1:36: expected an object, not array"),
    ])
    func badFiles(text: String, expected: String) { #expect(importFault(text) == expected) }

    @Test("nothing of a file with a fault is kept, nor of its report")
    func nothingKept() throws {
        var prices = PriceImport()
        let bad = #"{"m": {"litellm_provider": "a", "input_cost_per_token": 1e-06, "odd": 1}, "n": {"litellm_provider": "a", "input_cost_per_token": -1}}"#
        #expect(fault { () throws(PriceFaults) in
            try Array(bad.utf8).withByteSlice { (bytes) throws(PriceFaults) in try prices.add(bytes, file: "a.json") }
        } != nil)
        #expect(prices.report.models == 0 && prices.report.unknown.isEmpty)
        #expect(try prices.book(version: "1", source: "s", notice: "").hasSuffix("prices:\n"))
    }

    @Test("a name that a book cannot have is told and left out", arguments: [
        #"a\"b"#, #"a\\b"#, #"a\nb"#, #"ü"#, "", String(repeating: "n", count: 257),
    ])
    func namesLeftOut(name: String) throws {
        let list = "{\"\(name)\": {\"litellm_provider\": \"a\", \"input_cost_per_token\": 1e-06}, \"ok\": {\"litellm_provider\": \"a\", \"input_cost_per_token\": 1e-06}}"
        let (rows, report) = try imported(list)
        #expect(rows == ["a:", #""ok": {input: 1}"#])
        #expect(report.unpriced.count == 1)
    }

    @Test("a head with quotes and line ends cannot become part of the book")
    func hostileHead() throws {
        let prices = PriceImport()
        #expect(fault { () throws(PriceFaults) in try prices.book(version: "1\"\nprices:", source: "s", notice: "") } != nil)
        #expect(fault { () throws(PriceFaults) in try prices.book(version: "1", source: "s\nprices:", notice: "") } != nil)
        let notice = try prices.book(version: "1", source: "s", notice: "prices:\n  p: \r\n\rprices:\u{2028}prices:\n")
        #expect(try bookOfText(notice).modelCount == 0)
    }

    @Test("a file is read up to its bound of bytes and of values, and ten megabytes are told to be too much")
    func limits() throws {
        let list = #"{"m": {"litellm_provider": "a", "input_cost_per_token": 1e-06, "metadata": [0"#
        let end = "]}}"
        let values = 5
        let most = list + String(repeating: ",0", count: PriceLimits.importValueCount - values - 1) + end
        #expect(importFault(most) == nil)
        #expect(importFault(list + String(repeating: ",0", count: PriceLimits.importValueCount - values) + end)?.hasSuffix("more than 262144 values") == true)
        let blanks = String(repeating: " ", count: PriceLimits.importByteCount - list.utf8.count - end.utf8.count)
        #expect(importFault(list + blanks + end) == nil)
        #expect(importFault(list + blanks + " " + end) == "1:1: the text is 8388609 bytes; at most 8388608 are read")
        #expect(importFault(list + String(repeating: "x", count: 10 << 20) + end)?.hasPrefix("1:1: the text is") == true)
        // Not UTF-8, cut off, and deep.
        #expect(importFault("{\"m\": {\"litellm_provider\": \"a\"") != nil)
        #expect(importFault(String(repeating: "{\"a\":", count: 1000)) == "1:321: nested deeper than 64 levels")
    }

    // MARK: The book that comes with the program

    @Test("config/prices.yaml is what the public lists come to")
    func embeddedBookIsImported() throws {
        guard let folder = SharedPrices.folder() else { return }
        var prices = PriceImport()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
        for file in files {
            let text = Array(try #require(FileManager.default.contents(atPath: "\(folder)/\(file)")))
            try text.withByteSlice { (bytes) throws(PriceFaults) in try prices.add(bytes, file: file) }
        }
        let notice = String(decoding: try #require(FileManager.default.contents(atPath: "\(folder)/LICENSE")), as: UTF8.self)
        let embedded = try PriceBook.embedded()
        let book = try prices.book(version: embedded.version, source: embedded.source, notice: notice)
        // Not compared as texts in the expectation, which would print both.
        let isSame = Array(book.utf8) == [UInt8](PriceBook.embeddedText)
        #expect(isSame, "import the lists again; see docs/prices.md")
        #expect(prices.report.models == embedded.modelCount)
        #expect(prices.report.unknown == ["gpt-image-1": 1])
    }
}
