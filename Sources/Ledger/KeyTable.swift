public import Bytes
import Glibc

/// The declared gateway keys, found by the digest of what a client presents.
///
/// Open addressing with linear probing, at most half full. Made once, off the workers, and never changed: a new configuration brings a new table with
/// its snapshot. One in which some keys are others shares the rest with the table before; see `changed`.
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

    /// A key that is another now, or new, or gone.
    public struct Change: Sendable {
        /// What it is known by, before and after.
        public let identity: String
        /// Digests that it had.
        public let gone: [KeyDigest]
        /// What it is now, with its place, which no other key has or had; nil for one that is gone.
        public let made: (declaration: Declaration, place: Int)?

        public init(identity: String, gone: [KeyDigest], made: (declaration: Declaration, place: Int)?) {
            self.identity = identity
            self.gone = gone
            self.made = made
        }
    }

    /// Number of keys.
    public let count: Int
    private let slots: KeySlots
    /// What goes before the slots: whose a digest is now; nil for nobody's.
    private let changes: [KeyDigest: Principal?]
    /// What their principals are named by.
    private let texts: [OwnedBytes]
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
        let texts = declarations.reduce(0) { $0 + $1.name.utf8.count + ($1.identity == $1.name ? 0 : $1.identity.utf8.count) }
        let slots = KeySlots(keyCount: digests, textByteCount: texts)
        var byCertificate: [CertificateIdentity: Principal] = [:]
        for (index, declaration) in declarations.enumerated() {
            let principal = KeyTable.principal(of: declaration, at: index) { slots.keep($0) }
            for (digest, principal) in KeyTable.openings(of: declaration, principal, pepper) { slots.insert(digest, principal) }
            if declaration.digest == nil, let certificate = declaration.certificate { byCertificate[certificate] = principal }
        }
        self.slots = slots
        self.byCertificate = byCertificate
        changes = [:]
        self.texts = []
    }

    private init(_ table: KeyTable, _ changes: [KeyDigest: Principal?], _ texts: [OwnedBytes], count: Int) {
        self.count = count
        self.changes = changes
        self.texts = texts
        (slots, byCertificate, pepper) = (table.slots, table.byCertificate, table.pepper)
    }

    // MARK: Changes

    /// Digests that were changed since a table was made of all keys: each lookup looks among them first.
    public var changeCount: Int { changes.count }

    /// This table with some keys changed. It costs what was changed since all keys were put in, not what the table holds: that is shared.
    ///
    /// - Precondition: changed keys have secrets, and no certificate alone.
    /// - Throws: `.sameSecret` when a digest is another key's as well, `.tooManyKeys`.
    public func changed(by news: [Change]) throws(KeyTableError) -> KeyTable {
        var (changes, texts, count) = (self.changes, self.texts, self.count)
        func find(_ digest: KeyDigest) -> Principal? { changes[digest] ?? slots.find(digest) }
        for change in news {
            var wasThere = false
            // One that was left out for another with its secret takes nothing of that one's.
            for digest in change.gone where find(digest).map({ String($0.identity) == change.identity }) == true {
                changes.updateValue(nil, forKey: digest)
                wasThere = true
            }
            if wasThere { count -= 1 }
            guard let (declaration, place) = change.made else { continue }
            precondition(declaration.digest != nil, "a key of a store has a secret")
            let principal = KeyTable.principal(of: declaration, at: place) { text in
                let kept = Array(text.utf8).withByteSlice { OwnedBytes($0) }
                texts.append(kept)
                return kept.slice
            }
            for (digest, principal) in KeyTable.openings(of: declaration, principal, pepper) {
                if let other = find(digest) { throw .sameSecret(String(other.name), declaration.name) }
                changes.updateValue(principal, forKey: digest)
            }
            count += 1
        }
        guard count <= LedgerLimits.keyCount else { throw .tooManyKeys(count) }
        return KeyTable(self, changes, texts, count: count)
    }

    // MARK: Declarations

    private static func principal(of declaration: Declaration, at place: Int, keep: (String) -> ByteSlice) -> Principal {
        var principal = Principal(
            keyIndex: place, configurationIndex: declaration.configurationIndex, expiresAt: declaration.expiresAt ?? .max,
            certificate: declaration.certificate, name: keep(declaration.name))
        if declaration.identity != declaration.name { principal.identity = keep(declaration.identity) }
        principal.standing = declaration.standing
        principal.workspace = declaration.workspace
        principal.mayBringConfig = declaration.mayBringConfig
        principal.mayRenderPrompts = declaration.mayRenderPrompts
        return principal
    }

    /// What opens as whom: its secret, and the one before.
    private static func openings(of declaration: Declaration, _ principal: Principal, _ pepper: KeyPepper?) -> [(KeyDigest, Principal)] {
        guard let digest = declaration.digest else { return [] }
        var openings = [(declaration.isPeppered ? digest : pepper?.digest(of: digest) ?? digest, principal)]
        if let previous = declaration.previous {
            var before = principal
            before.expiresAt = min(principal.expiresAt, previous.expiresAt)
            openings.append((previous.digest, before))
        }
        return openings
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

    // MARK: Lookup

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
        if !changes.isEmpty, let found = changes[digest] { return found }
        return slots.find(digest)
    }
}

/// Written once before it is shared and only read afterwards.
extension KeyTable: @unchecked Sendable {}

/// The table proper, with the texts that its principals are named by.
///
/// Digests lead to a word that says where the key is and how its digest goes on: eight bytes a slot, so that a hundred thousand keys are looked for within
/// the processor's caches, and memory is waited for once, for the one that is found.
private final class KeySlots {
    private struct Key: BitwiseCopyable {
        let digest: KeyDigest
        let principal: Principal
    }

    private let mask: Int
    /// The number of a key from 1 on, and above it 32 bits of its digest; 0 for nothing.
    private let slots: UnsafeMutablePointer<UInt64>
    private let keys: UnsafeMutablePointer<Key>
    private let texts: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var textByteCount = 0

    init(keyCount: Int, textByteCount: Int) {
        let capacity = KeySlots.capacity(for: keyCount)
        mask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: 0, count: capacity)
        keys = .allocate(capacity: max(1, keyCount))
        texts = .allocate(capacity: max(1, textByteCount))
    }

    deinit {
        slots.deallocate()
        keys.deallocate()
        texts.deallocate()
    }

    /// The power of two that leaves half the slots free, so that a probe always ends.
    private static func capacity(for count: Int) -> Int {
        var capacity = 8
        while capacity < 2 * count { capacity *= 2 }
        return capacity
    }

    /// - Precondition: all texts that are kept have the length that was told.
    func keep(_ text: String) -> ByteSlice {
        let start = texts + textByteCount
        for byte in text.utf8 {
            texts[textByteCount] = byte
            textByteCount += 1
        }
        return ByteSlice(start, count: text.utf8.count)
    }

    /// - Precondition: no more are inserted than were told.
    func insert(_ digest: KeyDigest, _ principal: Principal) {
        (keys + count).initialize(to: Key(digest: digest, principal: principal))
        count += 1
        var index = home(digest)
        while slots[index] != 0 { index = (index + 1) & mask }
        slots[index] = UInt64(truncatingIfNeeded: count) | digest.words.1 & KeySlots.tagBits
    }

    func find(_ digest: KeyDigest) -> Principal? {
        var index = home(digest)
        let tag = digest.words.1 & KeySlots.tagBits
        while slots[index] != 0 {
            if slots[index] & KeySlots.tagBits == tag {
                let key = keys + Int(truncatingIfNeeded: slots[index] & ~KeySlots.tagBits) - 1
                if key.pointee.digest.equalsInConstantTime(digest) { return key.pointee.principal }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    private static let tagBits: UInt64 = 0xFFFF_FFFF << 32

    /// A digest is as good a hash as there is.
    private func home(_ digest: KeyDigest) -> Int { Int(truncatingIfNeeded: digest.words.0) & mask }
}

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
