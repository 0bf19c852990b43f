import Bytes
import JSON

/// The rows of one file, and what came of reading it.
struct PriceSheet {
    var report: PriceImport.Report
    private(set) var rows: [String: [String: PriceRow]] = [:]
    private(set) var diagnostics: [Diagnostic] = []

    init(report: PriceImport.Report) { self.report = report }

    mutating func fault(_ message: String, at node: DocumentNode) {
        diagnostics.note(Diagnostic(message, at: node.position, path: DocumentPath()))
    }

    mutating func unknown(_ name: String) { report.unknown[name, default: 0] += 1 }
    mutating func untaken(_ name: String) { report.untaken[name, default: 0] += 1 }
    mutating func unpriced(_ provider: String, _ model: String, _ reason: String) { report.unpriced.append("\(provider)/\(model): \(reason)") }

    /// The price `node` says, in nano-dollars a million units; nil after a fault was noted.
    /// - Parameter exponent: of ten, by which the file's unit is larger.
    mutating func price(_ node: DocumentNode, exponent: Int) -> Int64? {
        let text: String
        switch node.value {
        case .number(let number): text = number.text
        case .string(let string): text = string
        default:
            fault("expected a price, not \(node.kindName)", at: node)
            return nil
        }
        do throws(DecimalFault) {
            let scaled = try Array(text.utf8).withByteSlice { (bytes) throws(DecimalFault) in try DecimalText.scaled(bytes, exponent: exponent) }
            if scaled.isRounded { report.rounded += 1 }
            return scaled.value
        } catch {
            switch error {
            case .malformed: fault("\(quoted(text)) is no price", at: node)
            case .negative: fault("a price cannot be below 0", at: node)
            case .tooLarge: fault("the price is too large: at most a thousand dollars a unit", at: node)
            }
            return nil
        }
    }

    /// Keeps `row`, unless it says no price, or one that no token has.
    mutating func keep(_ row: PriceRow, provider: String, model: String, at node: DocumentNode) {
        guard PriceSheet.isName(provider), PriceSheet.isText(model) else {
            unpriced(provider, model, "a book cannot have the name")
            return
        }
        guard row.units.count <= PriceLimits.unitCount, row.tiers.values.allSatisfy({ $0.above.count < PriceLimits.bandCount }) else {
            unpriced(provider, model, "more prices than a book has room for")
            return
        }
        var row = row
        for tier in ServiceTier.allCases {
            guard var terms = row.tiers[tier] else { continue }
            report.dropped += terms.rates.dropUnbelievable()
            for (bound, var rates) in terms.above {
                report.dropped += rates.dropUnbelievable()
                terms.above[bound] = rates
            }
            row.tiers[tier] = terms
            guard terms.risesWithLength else {
                unpriced(provider, model, "a long prompt is cheaper than a short one")
                return
            }
        }
        let rates = row.tiers.values.flatMap { [$0.rates] + Array($0.above.values) }
        let dearest = rates.flatMap { rates in TokenClass.allCases.map { rates[$0] ?? 0 } }.max() ?? 0
        guard dearest <= PriceLimits.importedTokenPrice else {
            unpriced(provider, model, "a token for more than \(PriceLimits.importedTokenPrice / 1_000_000_000) dollars a million")
            return
        }
        guard row.hasPrice || (PriceSheet.isFree(model) && rates.contains { !$0.isEmpty }) else {
            unpriced(provider, model, rates.contains { !$0.isEmpty } ? "all prices are 0" : "no price")
            return
        }
        if let other = rows[provider]?[model] {
            if !other.costsTheSame(as: row) { report.conflicts.append("\(provider)/\(model)") }
        } else {
            rows[provider, default: [:]][model] = row
        }
    }

    /// Whether nothing is what the model costs. Lists have zeros for models whose price they do not know as well.
    static func isFree(_ model: String) -> Bool { model.hasSuffix(":free") || model.hasSuffix("/free") || model.contains("moderation") }

    /// Whether a book can have it between quotes.
    static func isText(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= PriceLimits.modelByteCount
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    /// Whether a book can have a provider or a unit of this name.
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= PriceLimits.nameByteCount else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool { ASCII.isLetter(byte) || ASCII.isDigit(byte) }
        return isAlphanumeric(first)
            && name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

extension DocumentNode {
    /// The members of an object; none of anything else.
    var members: [DocumentMember] {
        if case .object(let members) = value { return members }
        return []
    }

    func member(_ name: String) -> DocumentNode? { members.first { $0.name == name }?.value }
}
