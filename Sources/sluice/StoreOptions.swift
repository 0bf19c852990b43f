import ArgumentParser
import Foundation
import Glibc
import Store

/// Where a command finds the store. It may be in use by a gateway meanwhile.
struct StoreOptions: ParsableArguments {
    @Option(help: "Directory for state, as `sluice serve --data` has it (default: $SLUICE_DATA, or ./sluice-data).")
    var data: String?

    private var directory: String { data ?? ProcessInfo.processInfo.environment["SLUICE_DATA"] ?? "./sluice-data" }

    /// Runs `body` with the store. What the store refuses ends the command with code 2.
    func withStore(needsEveryKey: Bool = true, _ body: (SQLiteStore) throws -> Void) throws {
        do {
            let path = directory + "/" + SQLiteStore.fileName
            guard access(path, F_OK) == 0 else { throw StoreError.unreachable(path: path, detail: "there is no store; name its folder with --data") }
            let source = KeyringSource(variable: ProcessInfo.processInfo.environment["SLUICE_KEYRING"], dataDirectory: directory)
            let store = try SQLiteStore.open(in: directory, keyring: source, needsEveryKey: needsEveryKey) { standardError("sluice: \($0)") }
            defer { store.close() }
            try body(store)
        } catch let error as StoreError {
            standardError("sluice: \(error)")
            throw ExitCode(2)
        }
    }

    /// Who is at the command line.
    var actor: AuditActor {
        let name = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        return AuditActor(.operatorCommand, id: name ?? "\(getuid())")
    }
}
