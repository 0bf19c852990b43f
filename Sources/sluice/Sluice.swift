import ArgumentParser
import Supervisor

/// The command line.
@main
struct Sluice: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "An AI gateway: routing, fallbacks, keys and streams in front of language-model providers.",
        subcommands: [
            Serve.self, Upgrade.self, Check.self, Explain.self, MockCommand.self, CacheCommand.self, Key.self, PricesCommand.self, BackupCommand.self,
            VaultCommand.self, AuditCommand.self, LogsCommand.self, BooksCommand.self, Version.self,
        ],
        defaultSubcommand: Serve.self)
}

/// `sluice version`
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")
    static let number = "0.1.0"

    func run() { print("sluice \(Version.number) (build \(ProcessStart.buildIdentifier()))") }
}
