public import Bytes
public import Ledger

/// Where a gateway keeps what outlives it, but for its books: who may ask, with which credentials, by which configs; and who changed that.
///
/// Calls block and are made off the workers, from any thread. A change is whole or not at all, and its audit row is part of it.
/// `SQLiteStore` is the one there is; another database takes its place by keeping to this.
public protocol Store: Sendable {
    // MARK: Objects

    /// The organisation of a gateway that has one, made at its first start.
    func firstOrganisation() throws(StoreError) -> Organisation

    /// Makes an object in the organisation its head names, and returns it with what the store gave it: id, slug, times.
    func create<Object: CreatableObject>(_ object: Object, by actor: AuditActor) throws(StoreError) -> Object

    /// The object with this id, or else with this slug.
    func find<Object: StoredObject>(_ kind: Object.Type, _ idOrSlug: String, in scope: Scope) throws(StoreError) -> Object

    func list<Object: StoredObject>(_ kind: Object.Type, _ query: ListQuery) throws(StoreError) -> Page<Object>

    /// Changes an object by `change`, which sees it as it is now; nobody else changes it meanwhile.
    ///
    /// - Parameter revision: the one it has to be at, where the caller has read it before.
    func update<Object: StoredObject>(
        _ kind: Object.Type, _ idOrSlug: String, in scope: Scope, at revision: Int64?, by actor: AuditActor,
        _ change: (inout Object) throws(StoreError) -> Void
    ) throws(StoreError) -> Object

    /// Deletes an object that nothing names any more, and what is its alone. Its secrets are gone; its row stays, for the books.
    func delete<Object: StoredObject>(
        _ kind: Object.Type, _ idOrSlug: String, in scope: Scope, at revision: Int64?, by actor: AuditActor
    ) throws(StoreError)

    /// The texts a config had, the latest first.
    func configVersions(_ idOrSlug: String, in scope: Scope) throws(StoreError) -> [ConfigVersion]

    /// A prompt or partial that requests of the scope may use, of its workspace or of the whole organisation, and the version that is asked for.
    func prompt<Owner: Versioned>(_ kind: Owner.Type, _ reference: PromptReference, in scope: Scope) throws(StoreError) -> FoundPrompt<Owner>

    /// A version of a prompt or partial that has been found.
    func promptVersion<Owner: Versioned>(_ version: PromptReference.Version, of owner: Owner) throws(StoreError) -> PromptVersion

    /// What versions of prompts and partials say, by their ids; those that are not there, or do not open, are left out.
    func promptTemplates(of versions: [String]) throws(StoreError) -> [String: PromptTemplate]

    func contents(of collection: PromptCollection) throws(StoreError) -> CollectionContents

    /// Makes several changes in one transaction: all of them, or none where `body` throws.
    ///
    /// `body` is given the store as it is within, for the length of the call, and asks no other meanwhile.
    func together<Result>(_ body: (any Store) throws(StoreError) -> Result) throws(StoreError) -> Result

    // MARK: Gateway keys

    /// Makes a key.
    ///
    /// - Parameter secret: one that the caller brings along; without it a random one is made.
    func issue(_ key: APIKey, secret: SecretBytes?, by actor: AuditActor) throws(StoreError) -> IssuedKey

    /// Gives a key another secret. The one before opens for `transition` milliseconds more; for none, with 0.
    func rotate(_ keyID: String, in scope: Scope, transition: Int64, by actor: AuditActor) throws(StoreError) -> IssuedKey

    /// Whose secret this is, for callers off the data plane. Whether it may still be used is for them to see.
    func key(presenting secret: ByteSlice) throws(StoreError) -> APIKey?

    /// Notes when keys were last used: by id, in milliseconds since 1970. Not a change of theirs.
    func noteUse(_ uses: [String: Int64]) throws(StoreError)

    // MARK: Credentials

    func addCredential(_ credential: ProviderCredential, _ value: CredentialValue, by actor: AuditActor) throws(StoreError) -> ProviderCredential

    /// Puts another value in a credential's place; nothing that names it notices.
    func replaceCredential(_ id: String, in scope: Scope, with value: CredentialValue, by actor: AuditActor) throws(StoreError) -> ProviderCredential

    // MARK: Data plane

    /// All that a snapshot is made of, as of one moment, with its credentials opened.
    func snapshotRows(_ rules: SecretReferenceRules) throws(StoreError) -> SnapshotRows

    /// What has changed behind a row of the audit log; nil where that is too much, or cannot be told.
    func changes(after sequence: Int64, _ rules: SecretReferenceRules) throws(StoreError) -> ObjectChanges?

    /// Goes up with each change of an object, whoever made it.
    func generation() throws(StoreError) -> Int64

    /// What tells without asking the store itself that nobody has written to it.
    func mark() -> StoreMark

    /// What gateway keys are digested with.
    var pepper: KeyPepper { get }

    /// Signs links that open without a key.
    var links: LinkSigner { get }

    // MARK: Audit

    /// Writes what changed no object: attempts that were denied, log-ins, exports.
    func record(_ event: AuditEvent) throws(StoreError)

    func audit(_ query: AuditQuery) throws(StoreError) -> Page<AuditRow>

    func verifyAudit() throws(StoreError) -> AuditVerdict

    /// Gives rows to `write` in their order, each as a line of JSON with its end.
    func exportAudit(_ query: AuditQuery, _ write: ([UInt8]) throws(StoreError) -> Void) throws(StoreError)

    // MARK: Upkeep

    /// Writes a whole copy to a file that is not there yet, while the store is in use, and looks it over.
    func backup(to path: String, by actor: AuditActor) throws(StoreError) -> BackupSummary

    /// Adds a key to the keyring, which wraps from now on; its name.
    func rotateKeyring(by actor: AuditActor) throws(StoreError) -> String

    /// Wraps up to `most` secrets' keys by the newest key of the keyring; how many that were, and how many are left.
    func rewrap(atMost most: Int, by actor: AuditActor) throws(StoreError) -> RewrapProgress

    func examineVault(_ rules: SecretReferenceRules) throws(StoreError) -> VaultReport

    /// Reads the keyring again.
    func reloadKeyring() throws(StoreError)
}

extension Store {
    /// Gives a key another secret, with the usual time in which both open.
    public func rotate(_ keyID: String, in scope: Scope, by actor: AuditActor) throws(StoreError) -> IssuedKey {
        try rotate(keyID, in: scope, transition: StoreLimits.usualTransitionMilliseconds, by: actor)
    }
}
