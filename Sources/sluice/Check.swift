import ArgumentParser
import Configuration
import Policy

/// `sluice check FILE`: every fault of a configuration, or that there is none.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration file and print every fault as file:line:column: message.",
        discussion: "Secrets are not looked up, so a file can be checked where they are not.")

    @Argument(help: "The configuration file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    func run() throws {
        let file = ConfigurationFile(path: file)
        let diagnostics = checkConfiguration(try file.text(), builtIn: SnapshotBuilder.builtInProviders())
        file.report(diagnostics)
        if diagnostics.hasErrors { throw ExitCode(1) }
        print("\(file.path): no faults")
    }
}
