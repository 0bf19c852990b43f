public import Bytes
import JSON

/// Takes prices over from the public lists of others into a book of ours.
///
/// Files are added one after the other; the book is written once all are in, or not at all.
public struct PriceImport {
    /// What of the files was not taken over as it stands, for the operator to read.
    public struct Report: Sendable {
        public internal(set) var models = 0
        /// Prices with more digits than a nano-dollar a million tokens has.
        public internal(set) var rounded = 0
        /// Prices dropped as those of something else, or of nothing.
        public internal(set) var dropped = 0
        /// Prices of other regions than a model's first.
        public internal(set) var regional = 0
        /// Rows of formulas, and samples.
        public internal(set) var formulas = 0
        /// Fields that are not known, and how often each was met.
        public internal(set) var unknown: [String: Int] = [:]
        /// Fields that are known, and are no prices of requests.
        public internal(set) var untaken: [String: Int] = [:]
        /// Models without a price, and why.
        public internal(set) var unpriced: [String] = []
        /// Models of which the files say two things.
        public internal(set) var conflicts: [String] = []
    }

    public private(set) var report = Report()
    private var rows: [String: [String: PriceRow]] = [:]

    public init() {}

    /// Adds what `text` says.
    /// - Parameters:
    ///   - file: its name without a path; the provider is called so where neither `provider` nor the file names one.
    ///   - provider: what the provider is called.
    /// - Throws: every fault of the file, up to a bound. Nothing of it is kept then.
    public mutating func add(_ text: ByteSlice, file: String, provider: String? = nil) throws(PriceFaults) {
        let parsed = DocumentParser.parse(text, textByteCount: PriceLimits.importByteCount, nodeCount: PriceLimits.importValueCount)
        guard let root = parsed.document?.root, !parsed.diagnostics.hasErrors else { throw PriceFaults(diagnostics: parsed.diagnostics) }
        var sheet = PriceSheet(report: report)
        guard case .object(let entries) = root.value else {
            throw PriceFaults(diagnostics: [Diagnostic("expected an object of models, not \(root.kindName)", at: root.position, path: DocumentPath())])
        }
        if LiteLLMPrices.isOne(entries) {
            LiteLLMPrices.read(entries, provider: provider, into: &sheet)
        } else if PortkeyPrices.isOne(entries) {
            let name = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
            PortkeyPrices.read(entries, provider: provider ?? name, into: &sheet)
        } else {
            throw PriceFaults(diagnostics: [Diagnostic(
                "neither a list of LiteLLM's, whose models have \"litellm_provider\", nor one of Portkey-AI/models, whose models have \"pricing_config\"",
                at: root.position, path: DocumentPath())])
        }
        if sheet.diagnostics.hasErrors { throw PriceFaults(diagnostics: sheet.diagnostics) }
        merge(&sheet)
        report = sheet.report
    }

    private mutating func merge(_ sheet: inout PriceSheet) {
        for (provider, models) in sheet.rows {
            for (model, row) in models {
                if let other = rows[provider]?[model] {
                    if !other.costsTheSame(as: row) { sheet.report.conflicts.append("\(provider)/\(model)") }
                } else {
                    rows[provider, default: [:]][model] = row
                    sheet.report.models += 1
                }
            }
        }
        sheet.report.conflicts.sort()
        sheet.report.unpriced.sort()
    }

    /// The book.
    /// - Parameters:
    ///   - version: what this edition is called, a date by custom.
    ///   - source: where the figures are from.
    ///   - notice: the licence they come under, which goes with them.
    /// - Throws: what a reader of the book would find fault with.
    public func book(version: String, source: String, notice: String) throws(PriceFaults) -> String {
        for text in [version, source] where !PriceSheet.isText(text) {
            let message = "\(quoted(text)) is no name of an edition or a source: printable ASCII without \" and \\"
            throw PriceFaults(diagnostics: [Diagnostic(message, at: .start, path: DocumentPath())])
        }
        var comments = [
            "Prices of models, as docs/prices.md explains. Written by `sluice prices import`; change what it reads, not this.",
            "Tokens in dollars a million, everything else in dollars a unit.",
            "", "Figures: \(source)",
        ]
        if !notice.isEmpty {
            let lines = notice.split(separator: "\n", omittingEmptySubsequences: false).map { commentLine($0) }
            comments += ["They come under this licence:", ""] + lines.dropLast(lines.last == "" ? 1 : 0)
        }
        let text = PriceBookWriter.text(version: version, source: source, comments: comments, rows: rows)
        // What cannot be read back is not given out.
        _ = try Array(text.utf8).withByteSlice { (bytes) throws(PriceFaults) in try PriceBook(bytes) }
        return text
    }
}

/// A line of a comment: without what some readers take for a line's end, and without blanks at its own.
private func commentLine(_ text: Substring) -> String {
    let breaks: Set<UInt32> = [0x7F, 0x85, 0x2028, 0x2029]
    var line = String(text.unicodeScalars.map { $0.value < 0x20 || breaks.contains($0.value) ? " " : Character($0) })
    while line.last == " " { line.removeLast() }
    return line
}
