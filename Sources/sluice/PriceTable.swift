import Bytes
import Ledger

/// Prices as a person reads them.
enum PriceTable {
    /// All models of `provider`; nil when the book has none.
    static func lines(of provider: String, in book: PriceBook) -> String? {
        let models = book.models.filter { $0.provider == provider }.map(\.model)
        guard !models.isEmpty else { return nil }
        let shown: [TokenClass] = [.input, .cachedRead, .cacheWrite5m, .output]
        var rows = [["model"] + shown.map { $0.name.description } + ["tiers and bounds"]]
        for model in models {
            guard let price = price(of: model, provider, .standard, in: book) else { continue }
            let tiers = ServiceTier.allCases.filter { $0 != .standard && self.price(of: model, provider, $0, in: book)?.tier == $0 }
            let more = tiers.map(\.name.description) + price.bounds.map { "over \($0)" }
            rows.append([model] + shown.map { price.statedClasses.contains($0) ? price.rate(of: $0).dollarsPerMillion : "" } + [more.joined(separator: " ")])
        }
        return Columns(rows: rows).text
    }

    /// All prices of one model; nil when it has none.
    static func lines(of model: String, provider: String, in book: PriceBook) -> String? {
        guard let standard = price(of: model, provider, .standard, in: book) else { return nil }
        var head = [standard.isExactName ? "\(provider)/\(model)" : "\(provider)/\(model), which is listed without its date or prefix"]
        if let context = standard.contextTokens { head.append("context: \(context) tokens") }
        if let longest = standard.maxOutputTokens { head.append("longest answer: \(longest) tokens") }
        if standard.perRequest > .zero { head.append("each request: \(standard.perRequest.dollars) dollars") }

        var columns: [(title: String, price: ModelPrice, inputTokens: Int64)] = []
        for tier in ServiceTier.allCases {
            guard let price = price(of: model, provider, tier, in: book), price.tier == tier else { continue }
            columns.append((tier.name.description, price, 0))
            columns += price.bounds.map { ("\(tier.name) over \($0)", price, $0 + 1) }
        }
        var rows = [["tokens, dollars a million"] + columns.map(\.title)]
        for kind in TokenClass.allCases where columns.contains(where: { $0.price.statedClasses.contains(kind) }) {
            rows.append([kind.name.description] + columns.map { $0.price.rate(of: kind, inputTokens: $0.inputTokens).dollarsPerMillion })
        }
        let units = book.units(of: standard).map { [$0.name, $0.price.dollars] }
        let tables = [Columns(rows: rows).text] + (units.isEmpty ? [] : [Columns(rows: [["unit", "dollars each"]] + units).text])
        return (head + tables).joined(separator: "\n")
    }

    private static func price(of model: String, _ provider: String, _ tier: ServiceTier, in book: PriceBook) -> ModelPrice? {
        Array(provider.utf8).withByteSlice { provider in
            Array(model.utf8).withByteSlice { book.price(provider: provider, model: $0, tier: tier) }
        }
    }
}

/// Rows of cells, each column as wide as its widest.
struct Columns {
    let rows: [[String]]

    var text: String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() { line += cell + String(repeating: " ", count: widths[column] - cell.count + 2) }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
