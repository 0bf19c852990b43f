import ArgumentParser
import Bytes
import Foundation
import JSON
import Ledger

/// `sluice prices import`: a price book of public lists.
struct PricesImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a price book of LiteLLM's model_prices_and_context_window.json or of Portkey-AI/models' files, on standard output.",
        discussion: """
            A Portkey file's provider is called as the file is, without ".json". Where files differ the first one holds. A fault in any file is told \
            with its place, and nothing is printed; what is left out is told on standard error.
            """)

    @Argument(help: "The lists (JSON).", completion: .file(extensions: ["json"]))
    var files: [String]

    @Option(help: "What the provider is called, whatever the files say.")
    var provider: String?

    @Option(help: "What this edition of the book is called; today's date when not given.")
    var version: String?

    @Option(help: "Where the figures are from, for the book's head; the files' names when not given.")
    var source: String?

    @Option(help: "A text file with the licence of the figures, to be kept in the book.", completion: .file())
    var notice: String?

    func run() throws {
        var prices = PriceImport()
        var isFaulty = false
        for path in files {
            let text = try ConfigurationFile(path: path).text()
            do throws(PriceFaults) {
                try text.withByteSlice { (bytes) throws(PriceFaults) in
                    try prices.add(bytes, file: URL(fileURLWithPath: path).lastPathComponent, provider: provider)
                }
            } catch {
                ConfigurationFile(path: path).report(error.diagnostics)
                isFaulty = true
            }
        }
        if isFaulty { throw ExitCode(1) }
        let notice = try self.notice.map { String(decoding: try ConfigurationFile(path: $0).text(), as: UTF8.self) } ?? ""
        let named = source ?? files.map { URL(fileURLWithPath: $0).lastPathComponent }.joined(separator: ", ")
        let book = try PriceFile(path: "the book").reportingFaults { () throws(PriceFaults) in
            try prices.book(version: version ?? PricesImport.today(), source: named, notice: notice)
        }
        print(book, terminator: "")
        report(prices.report)
    }

    private static func today() -> String { Date().formatted(.iso8601.year().month().day()) }

    private func report(_ report: PriceImport.Report) {
        standardError("\(report.models) models")
        tell(report.rounded, "prices were rounded: they had more digits than a nano-dollar a million tokens has")
        tell(report.dropped, "prices were left out: 0 beside a price, or more for a cached token than for a fresh one")
        tell(report.regional, "regions with prices of their own were left out")
        tell(report.formulas, "rows of formulas or samples were left out")
        tell(report.unpriced.count, "models have no price here", report.unpriced)
        tell(report.conflicts.count, "models have two prices, of which the first holds", report.conflicts)
        tell(report.untaken.count, "known fields are no prices of requests", counted(report.untaken))
        tell(report.unknown.count, "fields are not known", counted(report.unknown))
    }

    private func counted(_ counts: [String: Int]) -> [String] { counts.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value) times)" } }

    private func tell(_ count: Int, _ what: String, _ names: [String] = []) {
        guard count > 0 else { return }
        standardError("\(count) \(what)" + (names.isEmpty ? "" : ":"))
        // They are of the files, which may hold anything.
        for name in names { standardError("  " + name.unicodeScalars.prefix(400).map { $0.escaped(asASCII: true) }.joined()) }
    }
}
