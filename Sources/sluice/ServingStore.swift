import Bytes
import Foundation
import Gateway
import Ledger
import Office
import Reactor
import Store

/// The store of a process that serves: opened before anybody is.
struct ServingStore {
    let store: SQLiteStore
    /// Where it lies, and the books beside it.
    let directory: String
    /// What the first snapshot has of it.
    let objects: StoredObjects
    var pepper: KeyPepper { store.pepper }
    private let rules = SecretReferenceRules()

    /// Opens the store of a folder, or makes one, and a first key where there is none.
    init(in directory: String) throws(StartError) {
        self.directory = directory
        let environment = ProcessInfo.processInfo.environment
        do throws(StoreError) {
            let source = KeyringSource(variable: environment["SLUICE_KEYRING"], dataDirectory: directory)
            store = try SQLiteStore.open(in: directory, keyring: source) { standardError("sluice: \($0)") }
            let given = environment["SLUICE_ADMIN_KEY"].flatMap { text in text.isEmpty ? nil : Array(text.utf8).withByteSlice { SecretBytes($0) } }
            if let issued = try FirstKey.provide(store, given: given) {
                // At once: nobody can be told again.
                standardError(given == nil ? "sluice: admin key, shown this once: \(issued.secret)" : "sluice: SLUICE_ADMIN_KEY is an admin key from now on")
            }
            objects = try StoredObjects.read(store, rules)
        } catch {
            throw StartError("\(error)" + ServingStore.wayOut(error))
        }
    }

    /// What to do where the error does not say it.
    private static func wayOut(_ error: StoreError) -> String {
        switch error {
        case .diskFull: "; make room, or name another folder with --data"
        case .unreachable: "; see that the disk has room, let this user write there, name another folder with --data, or leave it out: then nothing is stored"
        case .readOnly: "; let this user write there, name another folder with --data, or leave it out: then nothing is stored"
        case .busy: "; stop the process that holds it"
        case .invalid(field: "key", _): "; it is what SLUICE_ADMIN_KEY says, and `sluice key new` makes one"
        default: ""
        }
    }

    /// What has the data plane follow it, once it has been started.
    func watch(_ desk: SnapshotDesk) -> StoreWatch { StoreWatch(store, desk, first: objects, rules: rules) { standardError("sluice: \($0)") } }

    static func start(_ watch: StoreWatch) throws(StartError) {
        do {
            try Thread.start("store") { watch.run() }.detach()
        } catch {
            throw StartError("\(error)")
        }
    }

    func close() { store.close() }
}
