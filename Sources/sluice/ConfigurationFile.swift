import ArgumentParser
import Configuration
import Foundation
import Glibc
import JSON
import Policy

/// A configuration file on disk.
struct ConfigurationFile {
    let path: String

    /// The file's configuration, or every fault in it on standard error and an exit.
    func read() throws -> ServerConfiguration {
        let text = try text()
        let (configuration, diagnostics) = ConfigurationReader.read(text, builtIn: SnapshotBuilder.builtInProviders())
        report(diagnostics)
        guard let configuration, !diagnostics.hasErrors else { throw ExitCode(1) }
        return configuration
    }

    /// Looks up the configuration's secrets, or tells what is missing and exits.
    func resolve(_ configuration: ServerConfiguration) throws -> ResolvedSecrets {
        let (secrets, diagnostics) = configuration.resolveSecrets { ProcessInfo.processInfo.environment[$0] }
        report(diagnostics)
        if diagnostics.hasErrors { throw ExitCode(1) }
        return secrets
    }

    func text() throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) cannot be read")
        }
        return Array(data)
    }

    func report(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics { standardError(diagnostic.rendered(path: path)) }
    }
}

/// One line on standard error.
func standardError(_ line: String) {
    var text = line + "\n"
    // Nobody is left to be told that it cannot be told.
    _ = text.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
