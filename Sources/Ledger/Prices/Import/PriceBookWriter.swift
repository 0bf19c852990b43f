/// Writes a price book, in the one shape `PriceBookReader` reads.
enum PriceBookWriter {
    /// - Parameters:
    ///   - comments: lines at the head of the book.
    ///   - rows: by provider and model.
    static func text(version: String, source: String, comments: [String], rows: [String: [String: PriceRow]]) -> String {
        var text = ""
        for comment in comments { text += comment.isEmpty ? "#\n" : "# \(comment)\n" }
        text += "version: \"\(version)\"\nsource: \"\(source)\"\nprices:\n"
        for provider in rows.keys.sorted(by: isBefore) {
            text += "  \(provider):\n"
            let models = rows[provider] ?? [:]
            for model in models.keys.sorted(by: isBefore) {
                guard let row = models[model] else { continue }
                text += "    \"\(model)\": \(mapping(entries(of: row)))\n"
            }
        }
        return text
    }

    /// By bytes, so that the order is one and the same everywhere.
    private static func isBefore(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

    private static func entries(of row: PriceRow) -> [String] {
        let standard = row.tiers[.standard] ?? PriceRow.Terms()
        var entries = entries(of: standard.rates)
        if let perRequest = row.perRequest { entries.append("request: \(UnitPrice(unchecked: perRequest).dollars)") }
        if let context = row.contextTokens { entries.append("context: \(context)") }
        if let longest = row.maxOutputTokens { entries.append("max_output: \(longest)") }
        entries += above(standard)
        for tier in ServiceTier.allCases where tier != .standard {
            guard let terms = row.tiers[tier], !terms.isEmpty else { continue }
            entries.append("\(tier.name): \(mapping(self.entries(of: terms.rates) + above(terms)))")
        }
        if !row.units.isEmpty {
            entries.append("units: \(mapping(row.units.sorted { isBefore($0.key, $1.key) }.map { "\($0.key): \(UnitPrice(unchecked: $0.value).dollars)" }))")
        }
        return entries
    }

    private static func entries(of rates: PriceRow.Rates) -> [String] {
        TokenClass.allCases.compactMap { kind in rates[kind].map { "\(kind.name): \(UnitPrice(unchecked: $0).dollarsPerMillion)" } }
    }

    private static func above(_ terms: PriceRow.Terms) -> [String] {
        let bands = terms.above.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        return bands.isEmpty ? [] : ["above: \(mapping(bands.map { "\($0.key): \(mapping(entries(of: $0.value)))" }))"]
    }

    private static func mapping(_ entries: [String]) -> String { "{\(entries.joined(separator: ", "))}" }
}
