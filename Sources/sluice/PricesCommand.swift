import ArgumentParser
import Bytes
import Foundation
import JSON
import Ledger

/// `sluice prices`: what models cost, and books of that.
struct PricesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices", abstract: "Show prices of models, check price books, and make them of public lists.",
        subcommands: [Show.self, PricesImport.self, CheckBook.self], defaultSubcommand: Show.self)

    struct CheckBook: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Check a price book and print every fault as file:line:column: message.")

        @Argument(help: "The price book (YAML).", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        func run() throws {
            let book = try PriceFile(path: file).book()
            print("\(file): no faults; \(book.modelCount) models, version \(book.version)")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a book's providers, one provider's models, or all prices of one model.",
            discussion: "Tokens are in dollars a million, other units in dollars each.")

        @Argument(help: "PROVIDER or PROVIDER/MODEL.")
        var subject: String?

        @Option(help: "A price book (YAML) in place of the one that comes with the program.", completion: .file(extensions: ["yaml", "yml"]))
        var book: String?

        func run() throws {
            let book = try self.book.map { try PriceFile(path: $0).book() } ?? PriceFile.embedded()
            guard let subject else {
                print("version \(book.version), from \(book.source)")
                var counts: [(provider: String, models: Int)] = []
                for (provider, _) in book.models {
                    if counts.last?.provider == provider { counts[counts.count - 1].models += 1 } else { counts.append((provider, 1)) }
                }
                print(Columns(rows: [["provider", "models"]] + counts.map { [$0.provider, "\($0.models)"] }).text)
                return
            }
            let parts = subject.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let lines = parts.count == 2 ? PriceTable.lines(of: parts[1], provider: parts[0], in: book) : PriceTable.lines(of: parts[0], in: book)
            guard let lines else {
                standardError("\(subject) has no price")
                throw ExitCode(1)
            }
            print(lines)
        }
    }
}

/// A price book or a list of prices on disk.
struct PriceFile {
    let path: String

    /// The book, or every fault in it on standard error and an exit.
    func book() throws -> PriceBook {
        let text = try ConfigurationFile(path: path).text()
        return try reportingFaults { () throws(PriceFaults) in try text.withByteSlice { (bytes) throws(PriceFaults) in try PriceBook(bytes) } }
    }

    static func embedded() throws -> PriceBook {
        try PriceFile(path: "prices.yaml").reportingFaults { () throws(PriceFaults) in try PriceBook.embedded() }
    }

    func reportingFaults<Result>(_ body: () throws(PriceFaults) -> Result) throws -> Result {
        do throws(PriceFaults) {
            return try body()
        } catch {
            ConfigurationFile(path: path).report(error.diagnostics)
            throw ExitCode(1)
        }
    }
}
