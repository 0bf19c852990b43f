import ArgumentParser
import Store

/// `sluice vault`: the keys that protect the store's secrets.
struct VaultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Change the keys that protect the store's secrets, and see that every secret opens.",
        discussion: "All of it works while a gateway uses the store.", subcommands: [Rotate.self, Rewrap.self, Doctor.self])

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a key to the keyring. From now on it wraps; the others still unwrap. Copy the keyring again afterwards.")

        @OptionGroup var options: StoreOptions

        func run() throws {
            try options.withStore { store in
                let id = try store.rotateKeyring(by: options.actor)
                print("key \(id) was added and wraps from now on: copy the keyring, then run `sluice vault rewrap`")
            }
        }
    }

    struct Rewrap: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wrap every secret's key by the newest key of the keyring. It may be stopped at any time, and goes on where it was.")

        @OptionGroup var options: StoreOptions

        func run() throws {
            try options.withStore(needsEveryKey: false) { store in
                let progress = try store.rewrap(atMost: .max, by: options.actor)
                for id in progress.failed { standardError("sluice: secret \(id) does not open and stays as it is; see `sluice vault doctor`") }
                print("\(progress.rewrapped) rewrapped by key \(progress.newestKey), \(progress.left) left")
                if progress.left > 0 { throw ExitCode(1) }
            }
        }
    }

    struct Doctor: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Open every secret, and list what does not open and what nothing names.")

        @OptionGroup var options: StoreOptions

        func run() throws {
            try options.withStore(needsEveryKey: false) { store in
                let report = try store.examineVault(SecretReferenceRules())
                for (key, count) in report.secretsOfKey { print("key \(key): wraps \(count)" + note(key, count, report)) }
                for fault in report.faults { print("does not open: \(fault)") }
                for orphan in report.orphans { print("named by nothing: secret \(orphan)") }
                for fault in report.unresolved { print("not found from here: \(fault)") }
                print("\(report.secretCount) secrets, \(report.faults.count) that do not open, \(report.orphans.count) named by nothing")
                if !report.isHealthy { throw ExitCode(1) }
            }
        }

        private func note(_ key: String, _ count: Int, _ report: VaultReport) -> String {
            if key == report.secretsOfKey.last?.key { return ", and what comes" }
            return count == 0 ? "; it can be taken out of the keyring once no backup needs it" : ""
        }
    }
}
