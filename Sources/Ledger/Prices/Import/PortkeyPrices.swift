import JSON

/// Reads one provider's file of Portkey-AI/models: US cents a token, an image, a search.
///
/// What a model is charged at is its `pricing_config`, and what `custom_pricing` adds of service tiers and long prompts in its first
/// region. Where both state a price, `pricing_config` holds.
enum PortkeyPrices {
    /// Of ten: a cent is 10⁷ nano-dollars, and prices are of a million.
    private static let exponent = 13

    private static let classes: [String: TokenClass] = [
        "request_token": .input, "request_text_token": .input, "response_token": .output, "response_text_token": .output,
        "cache_read_input_token": .cachedRead, "cache_read_text_input_token": .cachedRead, "cached_text_input_token": .cachedRead,
        "cache_write_input_token": .cacheWrite5m, "request_audio_token": .audioInput, "response_audio_token": .audioOutput,
        "cache_read_audio_input_token": .audioCached, "request_image_token": .imageInput, "response_image_token": .imageOutput,
        "cache_read_image_input_token": .imageCached, "cached_image_input_token": .imageCached, "reasoning_token": .reasoning,
    ]

    /// Units that are tokens of a class.
    private static let tokenUnits: [String: TokenClass] = ["cache_write_1h": .cacheWrite1h, "image_token": .imageOutput]

    /// Units that are no prices, or whose unit is not the one of their name: a minute, where it says a token.
    private static let otherUnits: Set<String> = [
        "default_duration_seconds", "default_sample_count", "default_steps", "request_audio_token", "response_audio_token",
    ]

    static func isOne(_ entries: [DocumentMember]) -> Bool { entries.contains { $0.value.member("pricing_config") != nil } }

    static func read(_ entries: [DocumentMember], provider: String, into sheet: inout PriceSheet) {
        var pairs: [String: [Int64: LengthPair]] = [:]
        var rows: [(name: String, row: PriceRow, node: DocumentNode)] = []
        for entry in entries {
            if entry.name == "default" {
                sheet.report.formulas += 1
                continue
            }
            guard let row = row(entry.value, provider: provider, model: entry.name, &sheet) else { continue }
            if let name = LengthName(entry.name, provider: provider) {
                pairs[name.model, default: [:]][name.bound, default: LengthPair()].take(row, name, at: entry.value)
            } else {
                rows.append((entry.name, row, entry.value))
            }
        }
        for (model, byBound) in pairs {
            guard byBound.count == 1, let (bound, pair) = byBound.first, let node = pair.node, let row = pair.row(bound: bound) else {
                sheet.unpriced(provider, model, "its prices by length do not go together")
                continue
            }
            sheet.keep(row, provider: provider, model: model, at: node)
        }
        for (name, row, node) in rows { sheet.keep(row, provider: provider, model: name, at: node) }
    }

    // MARK: One model

    private static func row(_ node: DocumentNode, provider: String, model: String, _ sheet: inout PriceSheet) -> PriceRow? {
        guard case .object(let members) = node.value else {
            sheet.fault("expected an object, not \(node.kindName)", at: node)
            return nil
        }
        var row = PriceRow()
        for member in members {
            switch member.name {
            case "pricing_config":
                if let currency = member.value.member("currency"), case .string(let name) = currency.value, name != "USD" {
                    sheet.unpriced(provider, model, "its prices are in \(quoted(name))")
                    return nil
                }
                readConfig(member.value, into: &row, &sheet)
            case "custom_pricing": break
            default: sheet.unknown(member.name)
            }
        }
        // Before the other prices come in, so that they fill the place of what is none.
        for tier in ServiceTier.allCases { sheet.report.dropped += row.tiers[tier]?.rates.dropUnbelievable() ?? 0 }
        if let custom = node.member("custom_pricing") {
            let differs = readCustom(custom, into: &row, &sheet)
            if differs { sheet.report.conflicts.append("\(provider)/\(model): pricing_config and custom_pricing") }
        }
        return row
    }

    private static func readConfig(_ node: DocumentNode, into row: inout PriceRow, _ sheet: inout PriceSheet) {
        for member in node.members {
            switch member.name {
            case "pay_as_you_go": row.tiers[.standard] = PriceRow.Terms(rates: rates(member.value, units: &row.units, &sheet))
            case "batch_config":
                // Its units are those of the standard tier.
                var units: [String: Int64] = [:]
                row.tiers[.batch] = PriceRow.Terms(rates: rates(member.value, units: &units, &sheet))
            case "fixed_cost":
                for part in member.value.members {
                    guard let price = price(part.value, &sheet) else { continue }
                    let (sum, overflowed) = (row.perRequest ?? 0).addingReportingOverflow(price)
                    row.perRequest = overflowed ? price : sum
                }
                if row.perRequest == 0 { row.perRequest = nil }
            case "currency": break
            case "calculate", "finetune_config": sheet.untaken(member.name)
            default: sheet.unknown(member.name)
            }
        }
    }

    /// `{"price": 0.5}`
    private static func price(_ node: DocumentNode, _ sheet: inout PriceSheet) -> Int64? {
        guard let price = node.member("price") else {
            sheet.fault("expected an object with a \"price\", not \(node.kindName)", at: node)
            return nil
        }
        return sheet.price(price, exponent: exponent)
    }

    private static func rates(_ node: DocumentNode, units: inout [String: Int64], _ sheet: inout PriceSheet) -> PriceRow.Rates {
        var rates = PriceRow.Rates()
        for member in node.members {
            if let kind = classes[member.name] {
                if let price = price(member.value, &sheet) { rates[kind] = max(rates[kind] ?? 0, price) }
            } else if member.name == "additional_units" {
                for unit in member.value.members {
                    if otherUnits.contains(unit.name) {
                        sheet.untaken(unit.name)
                    } else if let price = price(unit.value, &sheet) {
                        if let kind = tokenUnits[unit.name] {
                            rates[kind] = max(rates[kind] ?? 0, price)
                        } else if PriceSheet.isName(unit.name) {
                            units[unit.name] = price
                        } else {
                            sheet.unknown(unit.name)
                        }
                    }
                }
            } else if member.name == "image" {
                readImages(member.value, into: &units, &sheet)
            } else {
                sheet.unknown(member.name)
            }
        }
        return rates
    }

    /// By quality and size: `image.high.1024x1024`.
    private static func readImages(_ node: DocumentNode, into units: inout [String: Int64], _ sheet: inout PriceSheet) {
        for quality in node.members {
            for size in quality.value.members {
                let name = "image.\(quality.name).\(size.name)"
                guard let price = price(size.value, &sheet) else { continue }
                if PriceSheet.isName(name) { units[name] = price } else { sheet.unknown(name) }
            }
        }
    }

    // MARK: Service tiers and long prompts

    /// - Returns: whether it states another price than `row` has.
    private static func readCustom(_ node: DocumentNode, into row: inout PriceRow, _ sheet: inout PriceSheet) -> Bool {
        var bounds: [String: Int64] = [:]
        var differs = false
        for member in node.members where member.name != "regions" {
            guard member.name == "context_tier_map" else {
                sheet.unknown(member.name)
                continue
            }
            for bound in member.value.members {
                guard case .string(let name) = bound.value.value, let tokens = Int64(bound.name), tokens >= 0 else {
                    sheet.fault("expected a number of tokens and a name", at: bound.value)
                    continue
                }
                bounds[name] = tokens
            }
        }
        for region in node.member("regions")?.members ?? [] {
            guard region.name == "default" else {
                sheet.report.regional += 1
                continue
            }
            for mode in region.value.member("execution_modes")?.members ?? [] {
                guard let tier = ServiceTier.allCases.first(where: { $0.name.description == mode.name }) else {
                    sheet.unknown("execution_modes.\(mode.name)")
                    continue
                }
                if let config = mode.value.member("pricing_config") {
                    differs = take(config, tier, above: 0, into: &row, &sheet) || differs
                }
                for length in mode.value.member("context_tiers")?.members ?? [] {
                    guard let bound = bounds[length.name] else {
                        sheet.fault("context_tier_map does not have \(quoted(length.name))", at: length.value)
                        continue
                    }
                    guard let config = length.value.member("pricing_config") else { continue }
                    differs = take(config, tier, above: bound, into: &row, &sheet) || differs
                }
            }
        }
        return differs
    }

    private static func take(
        _ config: DocumentNode, _ tier: ServiceTier, above bound: Int64, into row: inout PriceRow, _ sheet: inout PriceSheet
    ) -> Bool {
        var units: [String: Int64] = [:]
        guard let paid = config.member("pay_as_you_go") else { return false }
        let rates = rates(paid, units: &units, &sheet)
        guard !rates.isEmpty else { return false }
        var terms = row.tiers[tier] ?? PriceRow.Terms()
        defer { row.tiers[tier] = terms }
        guard bound == 0 else {
            terms.above[bound] = rates
            return false
        }
        var differs = false
        for kind in TokenClass.allCases {
            guard let rate = rates[kind] else { continue }
            if let known = terms.rates[kind] { differs = differs || known != rate } else { terms.rates[kind] = rate }
        }
        return differs
    }
}

/// A name that ends in a length, `-lte-128k` or `-gt-128k`: half of a model's prices.
private struct LengthName {
    let model: String
    let isLonger: Bool
    /// Tokens of a prompt up to which, or past which, the prices hold.
    let bound: Int64
    /// Whether the bound is not the name's.
    let isCorrected: Bool

    /// Bounds of providers whose rows are named for another, apart from the models whose names begin with `except`.
    ///
    /// Of Gemini's models those before 2.0 had their bound at 128,000 tokens; all since have it at 200,000, whatever the file names it.
    /// - Source: ai.google.dev/gemini-api/docs/pricing; the same list's file of Vertex AI has it right.
    private static let corrections: [String: (named: Int64, bound: Int64, except: String)] = ["google": (128_000, 200_000, "gemini-1")]

    init?(_ name: String, provider: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 2, let length = parts.last, length.hasSuffix("k"), let thousands = Int64(length.dropLast()), thousands > 0,
            thousands < 1_000_000
        else { return nil }
        let kind = parts[parts.count - 2]
        guard kind == "lte" || kind == "gt" else { return nil }
        isLonger = kind == "gt"
        model = parts.dropLast(2).joined(separator: "-")
        if let correction = LengthName.corrections[provider], correction.named == thousands * 1000, !model.hasPrefix(correction.except) {
            bound = correction.bound
            isCorrected = true
        } else {
            bound = thousands * 1000
            isCorrected = false
        }
    }
}

/// The halves of one model.
private struct LengthPair {
    private(set) var node: DocumentNode?
    private var shorter: (row: PriceRow, isCorrected: Bool)?
    private var longer: (row: PriceRow, isCorrected: Bool)?

    /// Of two rows with one bound, that whose name says it is taken.
    mutating func take(_ row: PriceRow, _ name: LengthName, at place: DocumentNode) {
        node = node ?? place
        let half = (row, name.isCorrected)
        if name.isLonger {
            if longer?.isCorrected ?? true { longer = half }
        } else if shorter?.isCorrected ?? true {
            shorter = half
        }
    }

    func row(bound: Int64) -> PriceRow? {
        guard var row = shorter?.row, let longer = longer?.row else { return nil }
        for (tier, terms) in longer.tiers {
            if row.tiers[tier] == nil { row.tiers[tier] = PriceRow.Terms() }
            if terms.rates != row.tiers[tier]?.rates { row.tiers[tier]?.above[bound] = terms.rates }
        }
        row.units.merge(longer.units) { first, _ in first }
        return row
    }
}
