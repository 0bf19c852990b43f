import ArgumentParser
import Store

/// `sluice backup FILE`: a whole copy of the store, made while it is in use.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the store to a file, while a gateway uses it, and check the copy.",
        discussion: """
            The keyring is not in the copy, and without it the copy's secrets cannot be read: keep the keyring elsewhere. To restore, stop \
            the gateway, remove store.sqlite, store.sqlite-wal and store.sqlite-shm from the data directory, and copy the file to store.sqlite.
            """)

    @Argument(help: "The file to make. It must not be there.", completion: .file())
    var file: String

    @OptionGroup var options: StoreOptions

    func run() throws {
        try options.withStore { store in
            let summary = try store.backup(to: file, by: options.actor)
            print("\(file): \(summary.byteCount) bytes, checked; audit log up to row \(summary.auditSequence)")
        }
    }
}
