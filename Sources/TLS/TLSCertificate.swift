public import Bytes
import COpenSSL

/// A server's certificate with those that vouch for it, and its key, as their PEM files have them.
///
/// Made once and never changed; OpenSSL counts the references that contexts take.
public final class TLSCertificate: @unchecked Sendable {
    // Unchecked for `identity`, which nobody writes to after `init`.
    private let identity: openssl_identity
    /// The host names it is for, in lower case; `*.example.com` covers one label.
    public let names: [String]

    /// - Parameters:
    ///   - chain: PEM, the server's own certificate first.
    ///   - key: PEM, not encrypted.
    public init(chain: ByteSlice, key: ByteSlice) throws(TLSCertificateError) {
        var identity = openssl_identity()
        do throws(TLSCertificateError) {
            try TLSCertificate.read(chain, key, into: &identity)
            names = TLSCertificate.hostNames(of: identity)
        } catch {
            openssl_identity_free(&identity)
            throw error
        }
        self.identity = identity
    }

    deinit {
        var identity = identity
        openssl_identity_free(&identity)
    }

    private static func read(_ chain: ByteSlice, _ key: ByteSlice, into identity: inout openssl_identity) throws(TLSCertificateError) {
        switch openssl_identity_read_chain(&identity, chain.base, chain.count, CInt(TLSLimits.issuerCount)) {
        case 1: break
        case 0: throw .noCertificate
        case -2: throw .longChain
        default: throw .badCertificate(reason: TLSContext.reason())
        }
        switch openssl_identity_read_key(&identity, key.base, key.count) {
        case 1: break
        case 0: throw .noKey
        case -2: throw .encryptedKey
        default: throw .badKey(reason: TLSContext.reason())
        }
        guard openssl_identity_is_pair(&identity) == 1 else { throw .otherKey }
    }

    private static func hostNames(of identity: openssl_identity) -> [String] {
        AlternativeNames(of: identity.leaf, within: TLSLimits.serverNamesByteCount).texts.compactMap { text in
            text.hasPrefix("DNS:") ? text.dropFirst(4).lowercased() : nil
        }
    }

    /// Why clients will refuse it for its dates; nil when they will not. The clock is read now.
    public var dateFault: CertificateFault? {
        var date = [CChar](repeating: 0, count: 11)
        switch openssl_certificate_age(identity.leaf) {
        case 0: return nil
        case 1:
            openssl_certificate_not_after(identity.leaf, &date)
            return .expired(notAfter: text(date))
        default:
            openssl_certificate_not_before(identity.leaf, &date)
            return .notYetValid(notBefore: text(date))
        }
    }

    private func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether both can be offered for a name, to clients of different taste.
    func differsInKindOnly(from other: TLSCertificate) -> Bool {
        Set(names) == Set(other.names) && kind != other.kind
    }

    private var kind: CInt { withUnsafePointer(to: identity) { openssl_identity_kind($0) } }

    func use(in context: OpaquePointer) -> Bool { withUnsafePointer(to: identity) { openssl_identity_use($0, context) } == 1 }
}

/// A certificate's alternative names with their kinds, as OpenSSL prints them: `DNS:a.example`, `URI:spiffe://a/b`.
struct AlternativeNames {
    /// One a line.
    let lines: [UInt8]

    init(of certificate: OpaquePointer?, within capacity: Int) {
        lines = written(within: capacity) { openssl_certificate_lines(certificate, $0, CInt(capacity)) }
    }

    var texts: [String] { lines.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) } }
}

/// The bytes that `write` puts into a text of `capacity`, as many as it says.
func written(within capacity: Int, _ write: (UnsafeMutablePointer<CChar>) -> CInt) -> [UInt8] {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { text in
        guard let start = text.baseAddress else { return [] }
        return text[..<Int(write(start))].map { UInt8(bitPattern: $0) }
    }
}

/// Why a certificate cannot be shown.
public enum TLSCertificateError: Error, Equatable, CustomStringConvertible {
    case noCertificate
    case badCertificate(reason: String)
    case longChain
    case noKey
    case badKey(reason: String)
    case encryptedKey
    /// The key is another certificate's.
    case otherKey

    /// Whether the fault lies in the key's file.
    public var isOfKey: Bool {
        switch self {
        case .noCertificate, .badCertificate, .longChain: false
        case .noKey, .badKey, .encryptedKey, .otherKey: true
        }
    }

    public var description: String {
        switch self {
        case .noCertificate: "holds no certificate (PEM)"
        case .badCertificate(let reason): "holds a certificate that cannot be read: \(reason)"
        case .longChain: "holds more than \(TLSLimits.issuerCount) certificates beside the server's own"
        case .noKey: "holds no private key (PEM)"
        case .badKey(let reason): "holds a private key that cannot be read: \(reason)"
        case .encryptedKey: "holds a private key that wants a passphrase"
        case .otherKey: "holds another certificate's key"
        }
    }
}
