import Analytics
import ArgumentParser
import Books
import Foundation

/// `sluice books`: what is derived from the journal.
struct BooksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "books", abstract: "Look after the rows that are derived from the journal.", subcommands: [Rebuild.self])

    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make rows and roll-ups anew from the journal, day by day; a gateway may run meanwhile.",
            discussion: "A day whose rows were made from segments that the journal no longer has stays as it is, unless --force says that those rows may go.")

        @Option(help: "Folder for state, as `sluice serve --data` has it (default: $SLUICE_DATA, or ./sluice-data).")
        var data: String?

        @Flag(help: "Also days of which the journal has not all segments any more.")
        var force = false

        func run() throws {
            let directory = data ?? ProcessInfo.processInfo.environment["SLUICE_DATA"] ?? "./sluice-data"
            let journal = JournalFolder(dataDirectory: directory)
            guard FileManager.default.fileExists(atPath: journal.path) else {
                standardError("sluice: there is no journal at \(journal.path); name its folder with --data")
                throw ExitCode(2)
            }
            var isWhole = true
            do {
                let days = try DayBooks(dataDirectory: directory, keepDays: AnalyticsLimits.dayCount) { standardError("sluice: \($0)") }
                defer { days.close() }
                try days.rebuild(force: force) { day, outcome in
                    switch outcome {
                    case .records(let count, let segments): print("\(day): \(count) records of \(segments) segments")
                    case .refused(let missing):
                        isWhole = false
                        standardError("sluice: \(day): its rows stay, since the journal no longer has \(missing.joined(separator: ", ")); --force makes them anew from the rest")
                    }
                }
            } catch {
                standardError("sluice: \(error)")
                throw ExitCode(2)
            }
            if !isWhole { throw ExitCode(1) }
        }
    }
}
