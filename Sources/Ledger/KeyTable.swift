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
        /// Nil for one whose holder is known by the certificate alone.
        public let digest: KeyDigest?
        public let configurationIndex: Int?
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

    /// - Throws: `.sameSecret` when two declarations have one digest, `.sameCertificate` when two without one have one certificate,
    ///   `.tooManyKeys` past `LedgerLimits.keyCount`.
    public init(_ declarations: [Declaration]) throws(KeyTableError) {
        try KeyTable.check(declarations)
        count = declarations.count
        let capacity = KeyTable.capacity(for: declarations.count)
        mask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: nil, count: capacity)
        names = .allocate(capacity: max(1, declarations.reduce(0) { $0 + $1.name.utf8.count }))
        var written = 0
        var byCertificate: [CertificateIdentity: Principal] = [:]
        var bySecret: [Slot] = []
        for (index, declaration) in declarations.enumerated() {
            let start = names + written
            for byte in declaration.name.utf8 {
                names[written] = byte
                written += 1
            }
            let principal = Principal(
                keyIndex: index, configurationIndex: declaration.configurationIndex, expiresAt: declaration.expiresAt ?? .max,
                certificate: declaration.certificate, name: ByteSlice(start, count: declaration.name.utf8.count))
            if let digest = declaration.digest {
                bySecret.append(Slot(digest: digest, principal: principal))
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
        for declaration in declarations {
            if let digest = declaration.digest {
                if let earlier = first.updateValue(declaration.name, forKey: digest) { throw .sameSecret(earlier, declaration.name) }
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

    /// Whose key `secret` is; nil when nobody's. One SHA-256, about two cache lines, no allocation.
    public func principal(presenting secret: ByteSlice) -> Principal? {
        guard secret.count <= LedgerLimits.credentialByteCount else { return nil }
        return principal(for: KeyDigest(of: secret))
    }

    /// Whose key has this digest; nil when nobody's.
    public func principal(for digest: KeyDigest) -> Principal? {
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
