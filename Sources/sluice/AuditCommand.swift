import ArgumentParser
import Foundation
import Store

/// `sluice audit`: the log of who changed what.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the audit log, and write it out.", subcommands: [Verify.self, Export.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say whether any row was changed, taken out, moved or added since it was written.")

        @OptionGroup var options: StoreOptions

        func run() throws {
            try options.withStore(needsEveryKey: false) { store in
                let verdict = try store.verifyAudit()
                for fault in verdict.faults { print(fault) }
                print("\(verdict.rowCount) rows, \(verdict.faults.isEmpty ? "whole" : "not whole"); the last one's hash is \(verdict.head)")
                if !verdict.faults.isEmpty { throw ExitCode(1) }
            }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the rows, each as a line of JSON.")

        @Option(help: ArgumentHelp("Rows from this time on: 2026-11-26 or 2026-11-26T15:04:05Z.", valueName: "time"))
        var from: String?

        @Option(help: ArgumentHelp("Rows before this time.", valueName: "time"))
        var before: String?

        @OptionGroup var options: StoreOptions

        func run() throws {
            var query = AuditQuery()
            query.from = try from.map { try Export.time($0, "--from") }
            query.before = try before.map { try Export.time($0, "--before") }
            try options.withStore(needsEveryKey: false) { store in
                try store.exportAudit(query) { line throws(StoreError) in
                    do {
                        try FileHandle.standardOutput.write(contentsOf: Data(line))
                    } catch {
                        throw .unreachable(path: "standard output", detail: "\(error)")
                    }
                }
                try store.record(AuditEvent(options.actor, "export", "audit"))
            }
        }

        private static func time(_ text: String, _ option: String) throws -> Int64 {
            let whole = text.contains("T") ? text : text + "T00:00:00Z"
            guard let date = try? Date(whole, strategy: .iso8601) else { throw ValidationError("\(option) takes 2026-11-26 or 2026-11-26T15:04:05Z") }
            return Int64(date.timeIntervalSince1970 * 1000)
        }
    }
}
