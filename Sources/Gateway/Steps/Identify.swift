import Bytes
import HTTP
import Ledger
import Providers

extension Exchange {
    /// Tells who asks: a gateway key's holder, or a caller with a credential of its own.
    ///
    /// The key is read from `x-portkey-api-key`, else from `Authorization: Bearer`, else from
    /// `x-api-key`. A token with our prefix is never anybody else's: unknown, it is refused, and it is
    /// never forwarded. The placeholders SDKs send for "no key" count as absent.
    func identify(_ client: Client) throws(Rejection) -> Next {
        snapshotVersion = worker.snapshot.version
        try checkAddress(client)
        if let next = try answerPreflight(client) { return next }
        if endpoint.body == .ignored { return try answerLocally(client) }
        let message = client.unread
        // Other upgrades (h2c) may be passed over (RFC 9110 §7.8); a WebSocket client cannot go on without.
        if request.upgradeRequested, let wanted = request.fields.value(of: .upgrade, in: message), wanted.equalsIgnoringCase("websocket") {
            throw Rejection(.unsupportedUpgrade)
        }
        readBaggage(message)
        if worker.keepsNotes { noteForBooks(message) }
        try look(at: .portkeyAPIKey, message, client, isOwnCredential: false)
        try look(at: .authorization, message, client, isOwnCredential: true)
        try look(at: .xAPIKey, message, client, isOwnCredential: true)
        if caller.principal == nil, let certificate = client.clientSecurity?.certificate { try take(certificate) }
        if !worker.snapshot.policies.rows.isEmpty { caller.snapshot = worker.snapshot }
        if let principal = caller.principal {
            caller.snapshot = worker.snapshot
            caller.terms = worker.snapshot.terms(of: principal)
            if let metadata = worker.snapshot.keyMetadata(of: principal) { lay(metadata, overThatOf: message) }
            if let restrictions = worker.snapshot.restrictions(of: principal) {
                caller.restrictions = restrictions
                // A prompt's request has been looked at where it came to.
                if !isRendered { try checkUse(of: principal, restrictions, client) }
            }
            caller.workspaceTerms = worker.snapshot.workspace(principal.workspace)?.terms
            worker.snapshot.keyUses?.note(principal.keyIndex, wallSeconds: Int64(clamping: record.figures.wallNanoseconds / 1_000_000_000))
        }
        chooseBodies(message)
        try worker.recorder?.admit(caller.terms, caller.workspaceTerms)
        try takePlace(client)
        return .step(.decide)
    }

    /// Takes what one field presents, unless an earlier one has said more.
    private func look(
        at name: FieldName, _ message: ByteSlice, _ client: Client, isOwnCredential: Bool
    ) throws(Rejection) {
        guard let value = request.fields.value(of: name, in: message) else { return }
        switch name == .authorization ? Ledger.Credential(authorization: value) : Ledger.Credential(value) {
        case .absent: break
        case .gatewayKey(let secret):
            guard caller.principal == nil else { return }
            guard let principal = principal(secret, client) else { throw Rejection(.invalidKey) }
            try take(principal, message, client)
        case .foreign(let secret):
            // A store may have keys that were other gateways' before, whatever they look like.
            if worker.snapshot.hasBroughtKeys, caller.principal == nil, let principal = principal(secret, client) {
                return try take(principal, message, client)
            }
            guard isOwnCredential, caller.credential == nil else { return }
            let start = secret.base - message.base
            caller.credential = start..<start + secret.count
            caller.isOtherScheme = name == .authorization && secret.base == value.base
        }
    }

    private func take(_ principal: Principal, _ message: ByteSlice, _ client: Client) throws(Rejection) {
        note(principal)
        try checkStanding(of: principal, message)
        try checkExpiry(of: principal)
        try checkCertificate(of: principal, client)
        caller.principal = principal
    }

    func checkCertificate(of principal: Principal, _ client: Client) throws(Rejection) {
        guard let certificate = principal.certificate, client.clientSecurity?.certificate?.identities.contains(certificate) != true else { return }
        throw Rejection(.invalidKey, "this key is good only together with its holder's client certificate")
    }

    /// A key that is known and opens nothing is refused by its name, which its holder knows.
    private func checkStanding(of principal: Principal, _ message: ByteSlice) throws(Rejection) {
        if endpoint == .promptRender, !principal.mayRenderPrompts {
            throw Rejection(.forbidden, "API key \(quoted(principal.name)) may not render prompts: it lacks the scope prompts.render")
        }
        switch principal.standing {
        case .unscoped where endpoint == .promptRender: break
        case .active: break
        case .disabled: throw Rejection(.disabledKey, "API key \(quoted(principal.name)) is disabled")
        case .exhausted: throw Rejection(.budgetExceeded, "the usage limit of API key \(quoted(principal.name)) is reached")
        case .unscoped: throw Rejection(.forbidden, "API key \(quoted(principal.name)) may not ask models: it lacks the scope completions.write")
        case .restricted:
            throw Rejection(.forbidden, "API key \(quoted(principal.name)) has settings that this gateway cannot keep, so that it opens nothing; the log says which")
        }
        guard principal.mayBringConfig || request.fields.value(of: .portkeyConfig, in: message)?.trimmed.isEmpty != false else {
            let sentence = "API key \(quoted(principal.name)) has a config of its own, and its requests may bring no other"
            throw Rejection(.forbidden, sentence, parameter: "x-portkey-config")
        }
    }

    private func quoted(_ name: ByteSlice) -> String { Operations.quoted(String(name)) }

    /// Looked at each time: a key goes out of date while its connection stays.
    func checkExpiry(of principal: Principal) throws(Rejection) {
        guard Int64(clamping: record.figures.wallNanoseconds / 1_000_000_000) < principal.expiresAt else { throw Rejection(.expiredKey) }
    }

    /// Takes a client's certificate for its key, where one is declared for it.
    private func take(_ certificate: ClientCertificate) throws(Rejection) {
        guard let principal = worker.snapshot.keys.principal(showing: certificate.identities) else { return }
        note(principal)
        try checkExpiry(of: principal)
        caller.principal = principal
    }

    /// Whose key it is, also where it opens nothing.
    private func note(_ principal: Principal) {
        record.key.set(principal.name)
        guard worker.recorder != nil else { return }
        bookNotes.key.set(principal.identity)
        if let id = worker.snapshot.workspaceID(principal.workspace) { bookNotes.workspace.set(id) }
    }

    private func principal(_ secret: ByteSlice, _ client: Client) -> Principal? {
        let snapshot = worker.snapshot
        if let known = client.recall(secret, snapshotVersion: snapshot.version) { return known }
        guard let found = snapshot.keys.principal(presenting: secret) else { return nil }
        client.remember(secret, as: found, snapshotVersion: snapshot.version)
        return found
    }
}
