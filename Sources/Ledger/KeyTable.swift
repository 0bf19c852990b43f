public import Bytes
import Glibc

/// The declared gateway keys, found by the digest of what a client presents.
///
/// Open addressing with linear probing, at most half full. Made once, off the workers, and never
/// changed: a new configuration brings a new table with its snapshot.
public final class KeyTable {
    /// One declared key.
    public struct Declaration: Sendable {
        public let name: String
        /// What tells it from every other, also from one that had its name before; the name, unless something else does.
        public var identity: String
        /// Nil for one whose holder is known by the certificate alone.
        public let digest: KeyDigest?
        /// Whether that is the digest a store keeps. Else it is the secret's SHA-256, as a file has it.
        public var isPeppered = false
        /// The digest of the secret before, and the wall-clock seconds from which that one is refused.
        public var previous: (digest: KeyDigest, expiresAt: Int64)?
        public var standing = Principal.Standing.active
        /// Where its holder is at home; negative for one to whom all workspaces are open.
        public var workspace: Int32 = -1
        /// Whether its requests may bring a config.
        public var mayBringConfig = true
        /// Whether its holder may see what prompts are rendered to.
        public var mayRenderPrompts = true
        public var configurationIndex: Int?
        /// Wall-clock seconds since 1970 from which the key is refused; nil for never.
        public let expiresAt: Int64?
        /// Whose client certificate must come with it, or in its place.
        public let certificate: CertificateIdentity?

        public init(
            name: String, digest: KeyDigest?, configurationIndex: Int? = nil, expiresAt: Int64? = nil, certificate: CertificateIdentity? = nil
        ) {
            precondition(digest != nil || certificate != nil, "a key has a secret, a certificate, or both")
            self.expiresAt = expiresAt
            self.certificate = certificate
            self.name = name
            identity = name
            self.digest = digest
            self.configurationIndex = configurationIndex
        }
    }

    private struct Slot: BitwiseCopyable {
        let digest: KeyDigest
        let principal: Principal
    }

    /// Number of keys.
    public let count: Int
    private let mask: Int
    private let slots: UnsafeMutablePointer<Slot?>
    private let names: UnsafeMutablePointer<UInt8>
    /// Of keys without a secret.
    private let byCertificate: [CertificateIdentity: Principal]
    /// What all digests of the table are made with; nil where they are the secrets' own.
    private let pepper: KeyPepper?

    /// - Parameter pepper: of the store whose keys are among them.
    /// - Throws: `.sameSecret` when two declarations have one digest, `.sameCertificate` when two without one have one certificate,
    ///   `.tooManyKeys` past `LedgerLimits.keyCount`.
    public init(_ declarations: [Declaration], pepper: KeyPepper? = nil) throws(KeyTableError) {
        precondition(pepper != nil || declarations.allSatisfy { !$0.isPeppered }, "a stored digest comes with what it was made with")
        try KeyTable.check(declarations)
        self.pepper = pepper
        count = declarations.count
        let digests = declarations.reduce(0) { $0 + ($1.previous == nil ? 1 : 2) }
        let capacity = KeyTable.capacity(for: digests)
        mask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: nil, count: capacity)
        let texts = declarations.reduce(0) { $0 + $1.name.utf8.count + ($1.identity == $1.name ? 0 : $1.identity.utf8.count) }
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, texts))
        names = room
        var written = 0
        var byCertificate: [CertificateIdentity: Principal] = [:]
        var bySecret: [Slot] = []
        func keep(_ text: String) -> ByteSlice {
            let start = room + written
            for byte in text.utf8 {
                room[written] = byte
                written += 1
            }
            return ByteSlice(start, count: text.utf8.count)
        }
        for (index, declaration) in declarations.enumerated() {
            let name = keep(declaration.name)
            var principal = Principal(
                keyIndex: index, configurationIndex: declaration.configurationIndex, expiresAt: declaration.expiresAt ?? .max,
                certificate: declaration.certificate, name: name)
            if declaration.identity != declaration.name { principal.identity = keep(declaration.identity) }
            principal.standing = declaration.standing
            principal.workspace = declaration.workspace
            principal.mayBringConfig = declaration.mayBringConfig
            principal.mayRenderPrompts = declaration.mayRenderPrompts
            if let digest = declaration.digest {
                bySecret.append(Slot(digest: declaration.isPeppered ? digest : pepper?.digest(of: digest) ?? digest, principal: principal))
                if let previous = declaration.previous {
                    principal.expiresAt = min(principal.expiresAt, previous.expiresAt)
                    bySecret.append(Slot(digest: previous.digest, principal: principal))
                }
            } else if let certificate = declaration.certificate {
                byCertificate[certificate] = principal
            }
        }
        self.byCertificate = byCertificate
        for slot in bySecret { insert(slot) }
    }

    deinit {
        slots.deallocate()
        names.deallocate()
    }

    private static func check(_ declarations: [Declaration]) throws(KeyTableError) {
        guard declarations.count <= LedgerLimits.keyCount else { throw .tooManyKeys(declarations.count) }
        var first: [KeyDigest: String] = [:]
        var holders: [CertificateIdentity: String] = [:]
        first.reserveCapacity(declarations.count)
        for declaration in declarations {
            if let digest = declaration.digest {
                for digest in [digest, declaration.previous?.digest] {
                    guard let digest, let earlier = first.updateValue(declaration.name, forKey: digest) else { continue }
                    throw .sameSecret(earlier, declaration.name)
                }
            } else if let certificate = declaration.certificate, let earlier = holders.updateValue(declaration.name, forKey: certificate) {
                throw .sameCertificate(earlier, declaration.name)
            }
        }
    }

    /// The power of two that leaves half the slots free, so that a probe always ends.
    private static func capacity(for count: Int) -> Int {
        var capacity = 8
        while capacity < 2 * count { capacity *= 2 }
        return capacity
    }

    private func insert(_ slot: Slot) {
        var index = home(slot.digest)
        while slots[index] != nil { index = (index + 1) & mask }
        slots[index] = slot
    }

    /// A digest is as good a hash as there is.
    private func home(_ digest: KeyDigest) -> Int { Int(truncatingIfNeeded: digest.words.0) & mask }

    /// Whose a certificate with these names is, by keys that have no secret: the first declared of several; nil when nobody's.
    public func principal(showing identities: [CertificateIdentity]) -> Principal? {
        if byCertificate.isEmpty { return nil }
        return identities.compactMap { byCertificate[$0] }.min { $0.keyIndex < $1.keyIndex }
    }

    /// Whose key `secret` is; nil when nobody's. One SHA-256, with a pepper one HMAC more, about two cache lines, no allocation.
    public func principal(presenting secret: ByteSlice) -> Principal? {
        guard secret.count <= LedgerLimits.credentialByteCount else { return nil }
        return principal(for: KeyDigest(of: secret))
    }

    /// Whose key's SHA-256 this is; nil when nobody's.
    public func principal(for digest: KeyDigest) -> Principal? {
        let digest = pepper?.digest(of: digest) ?? digest
        var index = home(digest)
        while let slot = slots[index] {
            if slot.digest.equalsInConstantTime(digest) { return slot.principal }
            index = (index + 1) & mask
        }
        return nil
    }
}

/// Written once before it is shared and only read afterwards.
extension KeyTable: @unchecked Sendable {}

/// Why declared keys make no table.
public enum KeyTableError: Error, Equatable, CustomStringConvertible {
    case sameSecret(String, String)
    case sameCertificate(String, String)
    case tooManyKeys(Int)

    public var description: String {
        switch self {
        case .sameSecret(let first, let second): "keys \"\(first)\" and \"\(second)\" have the same digest; make one anew"
        case .sameCertificate(let first, let second): "keys \"\(first)\" and \"\(second)\" are for the same client certificate; keep one"
        case .tooManyKeys(let count): "\(count) keys are declared; at most \(LedgerLimits.keyCount) are allowed"
        }
    }
}
