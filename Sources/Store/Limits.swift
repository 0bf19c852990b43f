import JSON

/// Bounds of the store.
enum StoreLimits {
    // MARK: Vault

    /// Bytes of a keyring's file: a hundred keys and their comments.
    static let keyringByteCount = 64 << 10
    /// Keys of a keyring. A key a month makes eight years.
    static let keyringKeyCount = 100
    /// Bytes of a key's name in a keyring.
    static let keyNameByteCount = 64
    /// Bytes of a secret: a service account's key file with a long chain, or a config.
    static let secretByteCount = DocumentLimits.textByteCount
    /// Bytes of a reference to a secret: a path and a few names.
    static let referenceByteCount = 1024
    /// Bytes of a file that a reference leads to.
    static let referencedFileByteCount = 64 << 10
    /// Secrets rewrapped in one transaction: a few milliseconds in which nothing else is written.
    static let rewrapBatch = 200

    // MARK: Files

    /// Whole seconds after which a file's last write is taken to be over: a write is seen by readers only once the disk has it, and its time is of before that.
    static let settleSeconds = 2

    // MARK: Objects

    /// Bytes of a name.
    static let nameByteCount = 256
    /// Bytes of a description or note.
    static let descriptionByteCount = 4096
    /// Bytes of a slug, prefix included.
    static let slugByteCount = 64
    /// Slugs that are made up for one object, after the first: six random digits are another's now and then where thousands have one name's beginning.
    static let slugTries = 8
    /// Bytes of an e-mail address (RFC 5321 §4.5.3.1.3).
    static let emailByteCount = 254
    /// Bytes of one entry of a list: a scope, a model, a network.
    static let entryByteCount = 256
    /// Entries of a list.
    static let entryCount = 256
    /// Bytes of a JSON member other than a config: limits, metadata, a provider's settings.
    static let documentByteCount = 32 << 10
    /// Weight of one of several credentials, at most.
    static let weight = 1_000_000
    /// Rows of the audit log that are looked through for what has changed, and keys of a changed workspace or integration that are told one by one:
    /// past them reading all again is as quick.
    static let changeCount = 1000
    /// API keys of one store: what the table of gateway keys takes, half of it left to keys in transition.
    static let keyCount = 1 << 17
    /// Objects of any other kind in one store.
    static let objectCount = 1 << 16
    /// Policies of one store: each request is held against all of them.
    static let policyCount = 256
    /// Guardrails of one store: each snapshot reads all of them.
    static let guardrailCount = 1024
    /// Versions of a config that are kept: the oldest go first.
    static let configVersionCount = 100
    /// Versions of one prompt or partial. None goes by itself: requests name them by number, and a program that saves one at each run would not end.
    static let versionsOfPromptCount: Int64 = 4096
    /// Versions of all prompts and partials of one store.
    static let promptVersionCount = 1 << 18
    /// Labels of one store: a few of each workspace.
    static let labelCount = 4096
    /// Exports of one store: what is made once a night has room for some years.
    static let exportCount = 1024
    /// Bytes of a label's name: it stands in paths, behind a prompt's.
    static let labelByteCount = 64

    /// Rows of a list's page.
    static let pageRowCount = 1000
    /// Rows of a page when none are asked for.
    static let usualPageRowCount = 100

    // MARK: Keys

    /// Bytes of a gateway key that is brought along instead of made: 192 bits in base 64.
    static let broughtKeyByteCount = 32
    /// Milliseconds for which the old secret of a rotated key still opens, when nothing else is asked for.
    static let usualTransitionMilliseconds: Int64 = 1_800_000
    /// The same, at most: 30 days.
    static let transitionMilliseconds: Int64 = 2_592_000_000

    // MARK: Database

    /// Milliseconds to wait for another process that writes.
    static let busyMilliseconds = 5000

    /// Between two tries to open a file that another process is just making.
    static let busyPauseMicroseconds: UInt32 = 20_000
    /// Connections that read at once: the console, analytics, a snapshot, a backup.
    static let readerCount = 5

    // MARK: Audit

    /// Bytes of what a client says of itself in an audit row: address, agent, path. The rest is cut off.
    static let auditTextByteCount = 1024
    /// Bytes of an object before or after a change. A longer one is noted as its length and digest.
    static let auditDocumentByteCount = 64 << 10
}
