public import Bytes
public import Store

/// The key that opens the console of a new store.
public enum FirstKey {
    /// What it may do: all of it.
    static let scope = "admin"

    /// Makes a key where the store has had none, or where `given` is none of its keys; what to tell of it, once.
    ///
    /// - Parameter given: a key that the operator brings along; nil for a random one.
    public static func provide(_ store: any Store, given: SecretBytes?) throws(StoreError) -> IssuedKey? {
        if let given {
            guard try given.withBytes({ (secret) throws(StoreError) in try store.key(presenting: secret) }) == nil else { return nil }
        } else {
            var query = ListQuery(Scope(organisationID: try store.firstOrganisation().id))
            query.includesDeleted = true
            query.pageSize = 1
            guard try store.list(APIKey.self, query).total == 0 else { return nil }
        }
        var key = APIKey()
        key.head.organisationID = try store.firstOrganisation().id
        key.name = "admin"
        key.scopes = [scope]
        key.origin = .auto
        return try store.issue(key, secret: given, by: .system)
    }
}
