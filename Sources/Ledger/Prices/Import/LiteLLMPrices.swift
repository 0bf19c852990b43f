import JSON

/// Reads LiteLLM's `model_prices_and_context_window.json`: US dollars a token, an image, a search.
enum LiteLLMPrices {
    /// Of ten: a dollar is 10⁹ nano-dollars, and prices are of a million.
    private static let exponent = 15

    private static let classes: [String: TokenClass] = [
        "input_cost_per_token": .input, "output_cost_per_token": .output, "cache_read_input_token_cost": .cachedRead,
        "cache_creation_input_token_cost": .cacheWrite5m, "cache_creation_input_token_cost_above_1hr": .cacheWrite1h,
        "input_cost_per_audio_token": .audioInput, "output_cost_per_audio_token": .audioOutput,
        "cache_read_input_audio_token_cost": .audioCached, "cache_read_input_token_cost_per_audio_token": .audioCached,
        "input_cost_per_image_token": .imageInput, "output_cost_per_image_token": .imageOutput,
        "cache_read_input_image_token_cost": .imageCached, "output_cost_per_reasoning_token": .reasoning,
    ]

    /// Prices by the unit, our name for it, and how many of it the price is for as a power of ten.
    private static let units: [String: (name: String, power: Int)] = [
        "output_cost_per_image": ("image.default.default", 0), "input_cost_per_image": ("input_image", 0),
        "input_cost_per_pixel": ("input_pixel", 0), "output_cost_per_pixel": ("output_pixel", 0),
        "input_cost_per_second": ("input_second", 0), "output_cost_per_second": ("output_second", 0),
        "input_cost_per_audio_per_second": ("input_audio_second", 0), "output_cost_per_audio_per_second": ("output_audio_second", 0),
        "input_cost_per_video_per_second": ("input_video_second", 0), "output_cost_per_video_per_second": ("output_video_second", 0),
        "input_cost_per_character": ("input_character", 0), "output_cost_per_character": ("output_character", 0),
        "input_cost_per_query": ("search", 0), "ocr_cost_per_page": ("page", 0), "annotation_cost_per_page": ("annotated_page", 0),
        "code_interpreter_cost_per_session": ("code_interpreter", 0), "file_search_cost_per_1k_calls": ("file_search", 3),
        "google_maps_cost_per_query": ("maps", 0),
    ]

    private static let searches = [
        "search_context_size_low": "web_search_low_context", "search_context_size_medium": "web_search_medium_context",
        "search_context_size_high": "web_search_high_context",
    ]

    /// Fields that say something else than a price or a length.
    private static let others: Set<String> = [
        "litellm_provider", "mode", "source", "metadata", "deprecation_date", "comment", "display_name", "model_vendor", "model_version", "rpm", "tpm",
        "output_vector_size", "tool_use_system_prompt_tokens",
    ]

    /// Providers whose name is ours but for more than `_`.
    private static let providers = [
        "azure": "azure-openai", "azure_text": "azure-openai", "bedrock_converse": "bedrock", "gemini": "google", "vertex_ai": "vertex-ai",
        "mistral": "mistral-ai", "cohere_chat": "cohere", "xai": "x-ai", "perplexity": "perplexity-ai", "text-completion-openai": "openai",
        "text-completion-codestral": "mistral-ai", "codestral": "mistral-ai", "zai": "z-ai", "novita": "novita-ai", "stability": "stability-ai",
        "recraft": "recraft-ai", "jina_ai": "jina", "cloudflare": "workers-ai", "nlp_cloud": "nlp-cloud", "lambda_ai": "lambda",
    ]

    static func isOne(_ entries: [DocumentMember]) -> Bool { entries.contains { $0.value.member("litellm_provider") != nil } }

    /// - Parameter provider: takes the place of the provider each model names.
    static func read(_ entries: [DocumentMember], provider: String?, into sheet: inout PriceSheet) {
        for entry in entries {
            if entry.name == "sample_spec" {
                sheet.report.formulas += 1
                continue
            }
            guard case .object(let members) = entry.value.value else {
                sheet.fault("expected an object, not \(entry.value.kindName)", at: entry.value)
                continue
            }
            guard let named = entry.value.member("litellm_provider"), case .string(let listed) = named.value else {
                sheet.unpriced("?", entry.name, "it names no provider")
                continue
            }
            let row = row(members, &sheet)
            sheet.keep(row, provider: provider ?? self.provider(listed), model: model(entry.name, listed), at: entry.value)
        }
    }

    /// Prefixes of models that are not called as their provider is.
    private static let prefixes = ["bedrock_converse": "bedrock"]

    private static func family(_ listed: String) -> String { listed.hasPrefix("vertex_ai-") ? "vertex_ai" : listed }

    private static func provider(_ listed: String) -> String {
        let family = family(listed)
        return providers[family] ?? String(family.map { $0 == "_" ? "-" : $0 })
    }

    /// The model as its provider names it: `gemini/gemini-2.5-pro` without LiteLLM's prefix.
    private static func model(_ name: String, _ listed: String) -> String {
        guard let slash = name.firstIndex(of: "/") else { return name }
        let prefix = name[..<slash]
        return prefix == listed || prefix == family(listed) || prefixes[listed].map { prefix == $0 } == true
            ? String(name[name.index(after: slash)...]) : name
    }

    // MARK: One model

    private static func row(_ members: [DocumentMember], _ sheet: inout PriceSheet) -> PriceRow {
        var row = PriceRow()
        for member in members {
            let name = member.name
            if case .null = member.value.value { continue }
            if others.contains(name) || name.hasPrefix("supports_") || name.hasPrefix("supported_") { continue }
            if let field = Field(name, known: classes) {
                guard let price = sheet.price(member.value, exponent: exponent) else { continue }
                row.tiers[field.tier, default: PriceRow.Terms()].set(field.kind, above: field.above, to: price)
            } else if let unit = units[name] {
                guard let price = sheet.price(member.value, exponent: exponent - unit.power) else { continue }
                if price > 0 { row.units[unit.name] = price }
            } else {
                readOther(member, into: &row, &sheet)
            }
        }
        return row
    }

    private static func readOther(_ member: DocumentMember, into row: inout PriceRow, _ sheet: inout PriceSheet) {
        switch member.name {
        case "max_input_tokens": row.contextTokens = tokens(member, &sheet) ?? row.contextTokens
        case "max_output_tokens": row.maxOutputTokens = tokens(member, &sheet) ?? row.maxOutputTokens
        // Says the longest answer or the longest prompt: nothing that can be relied on.
        case "max_tokens": sheet.untaken(member.name)
        case "search_context_cost_per_query":
            for size in member.value.members {
                guard let name = searches[size.name] else {
                    sheet.unknown("\(member.name).\(size.name)")
                    continue
                }
                if let price = sheet.price(size.value, exponent: exponent), price > 0 { row.units[name] = price }
            }
        case "tiered_pricing": readTiers(member.value, into: &row, &sheet)
        default: sheet.unknown(member.name)
        }
    }

    private static func tokens(_ member: DocumentMember, _ sheet: inout PriceSheet) -> Int64? {
        guard case .number(let number) = member.value.value, let count = number.integer, count > 0, count < 1 << 48 else {
            sheet.unknown(member.name)
            return nil
        }
        return count
    }

    /// `[{"range": [0, 32000], "input_cost_per_token": …}, …]`
    private static func readTiers(_ node: DocumentNode, into row: inout PriceRow, _ sheet: inout PriceSheet) {
        guard case .array(let tiers) = node.value else { return sheet.fault("expected a list, not \(node.kindName)", at: node) }
        for tier in tiers {
            guard let range = tier.member("range"), case .array(let bounds) = range.value, let first = bounds.first, case .number(let number) = first.value,
                let bound = number.integer, bound >= 0
            else {
                sheet.fault("expected a \"range\" of tokens", at: tier)
                continue
            }
            for member in tier.members where member.name != "range" {
                guard let kind = classes[member.name] else {
                    sheet.unknown("tiered_pricing.\(member.name)")
                    continue
                }
                guard let price = sheet.price(member.value, exponent: exponent) else { continue }
                row.tiers[.standard, default: PriceRow.Terms()].set(kind, above: bound, to: price)
            }
        }
    }
}

/// What a field is the price of: `input_cost_per_token_above_200k_tokens_priority`.
private struct Field {
    let kind: TokenClass
    let tier: ServiceTier
    /// Tokens of a prompt past which it holds.
    let above: Int64

    init?(_ name: String, known: [String: TokenClass]) {
        var rest = name[...]
        var tier = ServiceTier.standard
        for (suffix, named) in [("_batches", ServiceTier.batch), ("_flex", .flex), ("_priority", .priority), ("_fast", .fast)] where rest.hasSuffix(suffix) {
            tier = named
            rest = rest.dropLast(suffix.count)
        }
        var above: Int64 = 0
        if rest.hasSuffix("_tokens"), let start = rest.ranges(of: "_above_").last {
            var length = rest[start.upperBound...].dropLast("_tokens".count)
            let scale: Int64 = length.hasSuffix("k") ? 1000 : 1
            if scale > 1 { length = length.dropLast() }
            guard let number = Int64(length), number > 0, number < 1_000_000_000 else { return nil }
            above = number * scale
            rest = rest[..<start.lowerBound]
        }
        guard let kind = known[String(rest)] else { return nil }
        self.kind = kind
        self.tier = tier
        self.above = above
    }
}

extension PriceRow.Terms {
    fileprivate mutating func set(_ kind: TokenClass, above bound: Int64, to price: Int64) {
        if bound == 0 { rates[kind] = price } else { above[bound, default: PriceRow.Rates()][kind] = price }
    }
}
