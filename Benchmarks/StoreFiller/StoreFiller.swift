import ArgumentParser
import Bytes
import Store

/// `store-filler --data FOLDER --keys N --virtual-keys N`: so many gateway keys and credentials of providers in a folder's store, put there by the code that
/// the console puts them there with. Prints the id and the secret of some of the keys, a line each. `perf/keys` calls it.
@main
struct StoreFiller: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "store-filler")

    @Option(name: .customLong("data")) var folder: String
    @Option(name: .customLong("keys")) var keyCount: Int
    @Option(name: .customLong("virtual-keys")) var virtualKeyCount: Int

    private static let batch = 500
    /// Keys that are told of.
    private static let toldCount = 50
    private static let workspaceCount = 20

    func validate() throws {
        guard !folder.isEmpty, keyCount >= Self.toldCount, virtualKeyCount >= 0 else { throw ValidationError("a folder, and \(Self.toldCount) keys at least") }
    }

    func run() throws { try fill() }

    private func fill() throws(StoreError) {
        let store = try SQLiteStore.open(in: folder, keyring: KeyringSource(variable: nil, dataDirectory: folder))
        defer { store.close() }
        let organisation = try store.firstOrganisation().id
        var workspaces: [String] = []
        for number in 0..<Self.workspaceCount {
            var workspace = Workspace()
            workspace.head.organisationID = organisation
            workspace.name = "team \(number)"
            workspaces.append(try store.create(workspace, by: .system).id)
        }
        var issued: [IssuedKey] = []
        try many(keyCount, store) { (store, number) throws(StoreError) in
            let key = try store.issue(self.key(number, organisation, workspaces[number % workspaces.count]), secret: nil, by: .system)
            if number < Self.toldCount { issued.append(key) }
        }
        try many(virtualKeyCount, store) { (store, number) throws(StoreError) in
            var key = VirtualKey()
            key.head.organisationID = organisation
            key.name = "provider \(number)"
            key.provider = "openai"
            let made = try store.create(key, by: .system)
            var credential = ProviderCredential()
            credential.head.organisationID = organisation
            credential.virtualKeyID = made.id
            let secret = Array("sk-of-provider-\(number)-0123456789abcdef".utf8).withByteSlice { SecretBytes($0) }
            _ = try store.addCredential(credential, .secret(secret), by: .system)
        }
        for key in issued { print(key.key.id, key.secret) }
    }

    /// Some of each transaction's own.
    private func many(_ count: Int, _ store: SQLiteStore, _ make: (any Store, Int) throws(StoreError) -> Void) throws(StoreError) {
        for start in stride(from: 0, to: count, by: Self.batch) {
            try store.together { (store) throws(StoreError) in
                for number in start..<min(start + Self.batch, count) { try make(store, number) }
            }
        }
    }

    /// As a company's are: one in four has a budget, one in ten may use some models only.
    private func key(_ number: Int, _ organisation: String, _ workspace: String) -> APIKey {
        var key = APIKey()
        key.head.organisationID = organisation
        key.head.workspaceID = workspace
        key.name = "service \(number)"
        key.scopes = ["completions.write"]
        if number % 4 == 0 { key.usageLimits = #"[{"type":"requests","credit_limit":1000000,"periodic_reset":"monthly"}]"# }
        if number % 10 == 0 { key.allowedModels = ["gpt-*", "mock*"] }
        return key
    }
}
