import Bytes
import Glibc

/// An object with rules that no single column can tell.
protocol SelfChecking {
    func checkItself() throws(StoreError)
}

extension User: SelfChecking {
    func checkItself() throws(StoreError) {
        guard Rules.isEmail(email) else { throw .invalid(field: "email", reason: "is no e-mail address") }
        guard email == email.lowercased() else { throw .invalid(field: "email", reason: "is kept in lower case") }
    }
}

extension APIKey: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard (holder == .user) == (userID != nil) else { throw .invalid(field: "user_id", reason: "is given for keys of users, and for those alone") }
        for network in allowedNetworks where !Rules.isNetwork(network) {
            throw .invalid(field: "allowed_networks", reason: "has \"\(network)\", which is neither an address nor a network in CIDR notation")
        }
        for email in alertEmails where !Rules.isEmail(email) { throw .invalid(field: "alert_emails", reason: "has what is no e-mail address") }
        guard (previousDigest == nil) == (previousExpiresAt == nil) else { throw .invalid(field: "previous_expires_at", reason: "goes with a secret before") }
    }
}

extension VirtualKey: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard !provider.isEmpty else { throw .invalid(field: "provider", reason: "is empty") }
        if let pricing { _ = try StoredPricing.adjustment(pricing) }
    }
}

extension Integration: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard !provider.isEmpty else { throw .invalid(field: "ai_provider_id", reason: "is empty") }
        if let pricing { _ = try StoredPricing.adjustment(pricing) }
    }
}

extension ProviderCredential: SelfChecking {
    func checkItself() throws(StoreError) {
        guard (virtualKeyID == nil) != (integrationID == nil) else {
            throw .invalid(field: "virtual_key_id", reason: "or integration_id is given, and not both")
        }
    }
}

extension Config: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard text != nil else { throw .invalid(field: "config", reason: "is missing") }
    }
}

extension Organisation: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard head.workspaceID == nil else { throw .invalid(field: "workspace_id", reason: "is nothing that an organisation has") }
    }
}

extension Membership: SelfChecking {
    func checkItself() throws(StoreError) {
        guard head.workspaceID != nil else { throw .invalid(field: "workspace_id", reason: "is missing") }
        guard userID != nil else { throw .invalid(field: "user_id", reason: "is missing") }
    }
}

extension Workspace: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard head.workspaceID == nil else { throw .invalid(field: "workspace_id", reason: "is nothing that a workspace has") }
    }
}

extension LimitPolicy: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard terms != nil else { throw .invalid(field: "type", reason: "is missing") }
    }
}

extension Prompt: SelfChecking {
    func checkItself() throws(StoreError) { try Rules.check(versions: self) }
}

extension PromptPartial: SelfChecking {
    func checkItself() throws(StoreError) { try Rules.check(versions: self) }
}

extension PromptVersion: SelfChecking {
    func checkItself() throws(StoreError) {
        guard (promptID == nil) != (partialID == nil) else { throw .invalid(field: "prompt_id", reason: "or partial_id is given, and not both") }
        guard template != nil else { throw .invalid(field: "string", reason: "is missing") }
    }
}

extension PromptLabelling: SelfChecking {
    func checkItself() throws(StoreError) {
        guard promptID != nil else { throw .invalid(field: "prompt_id", reason: "is missing") }
        guard !labelID.isEmpty else { throw .invalid(field: "label_id", reason: "is missing") }
    }
}

extension PromptLabel: SelfChecking {
    /// It stands behind an `@`, in the place of a number.
    func checkItself() throws(StoreError) {
        guard (1...StoreLimits.labelByteCount).contains(head.name.utf8.count) else {
            throw .invalid(field: "name", reason: "has from 1 to \(StoreLimits.labelByteCount) bytes")
        }
        guard !PromptReference.Version.isTaken(head.name) else {
            throw .invalid(field: "name", reason: "is one that versions have already: \"latest\", \"default\" and numbers are none for labels")
        }
        guard !PromptLabel.universal.contains(head.name) else { throw .invalid(field: "name", reason: "is a label that is there for everybody") }
        guard head.name.utf8.allSatisfy({ $0 > 0x20 && !"@/?#%\"".utf8.contains($0) }) else {
            throw .invalid(field: "name", reason: "has a space, or one of @ / ? # % \"")
        }
    }
}

extension PromptCollection: SelfChecking {
    func checkItself() throws(StoreError) {
        guard !head.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard parentID == nil || parentID != head.id else { throw .invalid(field: "parent_collection_id", reason: "is the collection itself") }
    }
}

private enum Rules {
    static func check<Owner: Versioned>(versions owner: Owner) throws(StoreError) {
        guard !owner.name.isEmpty else { throw .invalid(field: "name", reason: "is empty") }
        guard owner.latestVersion <= StoreLimits.versionsOfPromptCount else {
            let limit = StoreLimits.versionsOfPromptCount
            let end = "\(limit) of one are kept: go on with another \(Owner.layout.kind)"
            throw .invalid(field: "version", reason: "would be number \(owner.latestVersion); \(end)")
        }
        guard owner.publishedVersion <= owner.latestVersion else { throw .invalid(field: "version", reason: "is none that there is") }
    }


    /// One `@` with something on both sides, and nothing that a header of a mail could not carry.
    static func isEmail(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { (0x21..<0x7F).contains($0) && !"<>,;:\"\\()[]".utf8.contains($0) }
        }
    }

    static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.first, address.utf8.count < 64 else { return false }
        var bytes = [UInt8](repeating: 0, count: 16)
        let isVersion6 = address.utf8.contains(UInt8(ascii: ":"))
        guard inet_pton(isVersion6 ? AF_INET6 : AF_INET, String(address), &bytes) == 1 else { return false }
        guard parts.count == 2 else { return true }
        guard let length = Int(parts[1]), parts[1].utf8.allSatisfy({ ASCII.isDigit($0) }) else { return false }
        return (0...(isVersion6 ? 128 : 32)).contains(length)
    }
}
