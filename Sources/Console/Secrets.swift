import Bytes
import JSON
import Store

/// Providers' credentials and settings on their way in; what is shown of them on the way out.
enum Secrets {
    /// A credential that is given, or where it is found.
    static func credential(_ text: String?) throws(ConsoleError) -> CredentialValue? {
        guard let text else { return nil }
        if SecretReference.isMeant(by: text) {
            do throws(SecretReferenceError) {
                return .reference(try SecretReference(text))
            } catch {
                throw .invalid("key", "cannot be looked up: \(error)")
            }
        }
        guard !isMask(text) else { throw .invalid("key", "is masked; send the whole credential, or leave it out") }
        let secret = Array(text.utf8).withByteSlice { SecretBytes($0) }
        if let fault = CredentialFault(of: secret.bytes) { throw .invalid("key", "\(fault)") }
        return .secret(secret)
    }

    // MARK: Rows

    /// A credential of this virtual key to be.
    static func row(of key: VirtualKey) -> ProviderCredential {
        var credential = ProviderCredential()
        credential.head.organisationID = key.head.organisationID
        if let integration = key.integrationID { credential.integrationID = integration } else { credential.virtualKeyID = key.id }
        return credential
    }

    static func row(of integration: Integration) -> ProviderCredential {
        var credential = ProviderCredential()
        credential.head.organisationID = integration.head.organisationID
        credential.integrationID = integration.id
        return credential
    }

    /// The credentials of the same owner.
    static func rows(of sample: ProviderCredential, in store: any Store) throws(StoreError) -> [ProviderCredential] {
        var query = ListQuery(Scope(organisationID: sample.head.organisationID))
        if let key = sample.virtualKeyID { query.equal = [("virtual_key_id", .text(key))] }
        if let integration = sample.integrationID { query.equal = [("integration_id", .text(integration))] }
        return try store.list(ProviderCredential.self, query).rows
    }

    /// Puts a value in the place of the owner's one credential, or gives it its first.
    static func replace(of sample: ProviderCredential, by value: CredentialValue, in store: any Store, _ actor: AuditActor) throws(StoreError) {
        let rows = try rows(of: sample, in: store)
        guard rows.count < 2 else { throw .invalid(field: "key", reason: "is one of \(rows.count) credentials, and does not say which") }
        if let row = rows.first {
            _ = try store.replaceCredential(row.id, in: Scope(organisationID: sample.head.organisationID), with: value, by: actor)
        } else {
            _ = try store.addCredential(sample, value, by: actor)
        }
    }

    // MARK: Showing

    /// The first credential by its end, or by where it is found.
    static func shown(_ credentials: [ProviderCredential]) -> DocumentNode {
        guard let first = credentials.first else { return .null }
        return .text(first.reference ?? APIKeys.masked(first.lastFour))
    }

    /// What stands in the place of a masked text's beginning.
    private static let mark = "…"

    private static func isMask(_ text: String) -> Bool { text.hasPrefix(mark) && text.count <= 5 || text.hasPrefix("****") }

    /// A stored document without its secrets.
    static func masked(_ stored: String?) -> DocumentNode { masked(.stored(stored)) }

    static func masked(_ node: DocumentNode) -> DocumentNode { Masking.masked(node) }

    /// A document that was read masked and comes back: each masked text is what it was, at the same place.
    static func restored(_ given: DocumentNode, from before: DocumentNode, field: String) throws(ConsoleError) -> DocumentNode {
        try restored(given, before, masked(before), field)
    }

    private static func restored(_ given: DocumentNode, _ before: DocumentNode, _ shown: DocumentNode, _ place: String) throws(ConsoleError) -> DocumentNode {
        switch given.value {
        case .string(let text):
            if let old = before.string, shown.string == text { return .text(old) }
            // A whole object that was hidden is shown as the mark alone.
            if text == mark, shown.string == mark { return before }
            guard !isMask(text) else { throw .invalid(place, "is masked, and not as it was; send the whole value") }
            return given
        case .array(let elements):
            let (old, seen) = (before.elements, shown.elements)
            var read: [DocumentNode] = []
            for (index, element) in elements.enumerated() {
                let isKnown = index < old.count && index < seen.count
                read.append(try restored(element, isKnown ? old[index] : .null, isKnown ? seen[index] : .null, "\(place)[\(index)]"))
            }
            return .list(read)
        case .object(let members):
            var read: [(String, DocumentNode)] = []
            for member in members {
                read.append((member.name, try restored(member.value, before[member.name] ?? .null, shown[member.name] ?? .null, "\(place).\(member.name)")))
            }
            return .object(read)
        case .null, .boolean, .number: return given
        }
    }
}
