import COpenSSL

/// What the server sessions of one worker share: the keys of their tickets, and the place where a refused certificate is noted.
public final class TLSAcceptor {
    private var keys: TicketKeys
    private var fault: CertificateFault?

    /// - Parameter secret: the same for all workers, whose tickets are then good at each other's.
    public init(_ secret: TLSTicketSecret) { keys = TicketKeys(secret) }

    /// Brings the tickets' keys up to `now`, a monotonic clock's nanoseconds.
    /// - Returns: when they change next.
    @discardableResult
    public func rotateKeys(now: UInt64) -> UInt64 { keys.rotate(now: now) }

    func note(_ fault: CertificateFault) { self.fault = self.fault ?? fault }

    /// The fault noted since the last call; a handshake's is taken before any other handshake can run.
    func takeFault() -> CertificateFault? {
        defer { fault = nil }
        return fault
    }

    /// Seals a ticket: OpenSSL's "encrypt" call.
    fileprivate func seal(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer, _ mac: OpaquePointer
    ) -> CInt {
        guard RAND_bytes(vector, 16) == 1 else { return -1 }
        name.update(from: keys.current, count: TicketKeys.nameByteCount)
        return openssl_ticket_protect(cipher, mac, keys.current + TicketKeys.nameByteCount, vector, 1) == 1 ? 1 : -1
    }

    /// Opens one: 2 says that the client gets a newer one, 0 that it is nobody's.
    fileprivate func open(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer, _ mac: OpaquePointer
    ) -> CInt {
        guard let (key, isCurrent) = keys.named(name) else { return 0 }
        guard openssl_ticket_protect(cipher, mac, key + TicketKeys.nameByteCount, vector, 0) == 1 else { return -1 }
        return isCurrent ? 1 : 2
    }
}

@available(*, unavailable, message: "an acceptor belongs to one worker")
extension TLSAcceptor: Sendable {}

/// Where the keys of tickets begin: random bytes and an instant, handed to each worker once.
public final class TLSTicketSecret: @unchecked Sendable {
    // Unchecked: written in `init` alone.
    fileprivate let bytes: UnsafeMutablePointer<UInt8>
    fileprivate let start: UInt64
    fileprivate let period: UInt64

    /// - Parameters:
    ///   - start: now, by the clock that `rotateKeys` is told.
    ///   - period: how often keys change.
    public init(start: UInt64, period: UInt64 = TLSLimits.ticketKeyNanoseconds) throws(TLSContextError) {
        precondition(period > 0, "keys last for some time")
        self.start = start
        self.period = period
        bytes = .allocate(capacity: TicketKeys.secretByteCount)
        bytes.initialize(repeating: 0, count: TicketKeys.secretByteCount)
        guard RAND_bytes(bytes, CInt(TicketKeys.secretByteCount)) == 1 else { throw .library(reason: TLSContext.reason()) }
    }

    deinit {
        OPENSSL_cleanse(bytes, TicketKeys.secretByteCount)
        bytes.deallocate()
    }
}

/// The keys of session tickets: one that seals, and the one before it, which still opens.
///
///     secret₀ ──hash──▶ secret₁ ──hash──▶ secret₂ …     one an hour
///        │                 │                 │
///       key₀              key₁              key₂
///
/// A ratchet: whoever learns a secret learns no key before it, so that what was recorded earlier stays closed. Workers that
/// start from one secret come to the same keys at the same time, and need not talk about it.
struct TicketKeys: ~Copyable {
    static let secretByteCount = 32
    /// What a ticket calls its key (RFC 5077 §4).
    static let nameByteCount = 16
    /// A name, and 32 bytes each for encryption and authentication.
    private static let keyByteCount = nameByteCount + 64
    private static let byteCount = 1 + secretByteCount + 2 * keyByteCount

    /// A label, behind it the secret, the current key and the one before it: one piece, so that it is wiped as one.
    private let memory: UnsafeMutablePointer<UInt8>
    private let start: UInt64
    private let period: UInt64
    private var step: UInt64 = 0

    init(_ secret: TLSTicketSecret) {
        start = secret.start
        period = secret.period
        memory = .allocate(capacity: TicketKeys.byteCount)
        memory.initialize(repeating: 0, count: TicketKeys.byteCount)
        (memory + 1).update(from: secret.bytes, count: TicketKeys.secretByteCount)
        derive()
    }

    deinit {
        OPENSSL_cleanse(memory, TicketKeys.byteCount)
        memory.deallocate()
    }

    private var secret: UnsafeMutablePointer<UInt8> { memory + 1 }
    fileprivate var current: UnsafeMutablePointer<UInt8> { memory + 1 + TicketKeys.secretByteCount }
    private var previous: UnsafeMutablePointer<UInt8> { current + TicketKeys.keyByteCount }

    mutating func rotate(now: UInt64) -> UInt64 {
        let wanted = now <= start ? 0 : (now - start) / period
        while step < wanted {
            previous.update(from: current, count: TicketKeys.keyByteCount)
            hash(label: UInt8(ascii: "r"), into: secret)
            derive()
            step += 1
        }
        return start &+ (step &+ 1) &* period
    }

    /// The current key from the secret.
    private func derive() {
        let encryption = current + TicketKeys.nameByteCount
        // 32 bytes where 16 are wanted: what follows them is written next.
        hash(label: UInt8(ascii: "n"), into: current)
        hash(label: UInt8(ascii: "e"), into: encryption)
        hash(label: UInt8(ascii: "a"), into: encryption + 32)
    }

    /// SHA-256 of a label and the secret, which are of one length always.
    private func hash(label: UInt8, into out: UnsafeMutablePointer<UInt8>) {
        memory[0] = label
        openssl_sha256(memory, 1 + TicketKeys.secretByteCount, out)
    }

    /// The key called `name`, and whether it is the current one.
    fileprivate func named(_ name: UnsafePointer<UInt8>) -> (key: UnsafeMutablePointer<UInt8>, isCurrent: Bool)? {
        // Names are no secret; before the first rotation there is no key before the current one.
        if CRYPTO_memcmp(current, name, TicketKeys.nameByteCount) == 0 { return (current, true) }
        return step > 0 && CRYPTO_memcmp(previous, name, TicketKeys.nameByteCount) == 0 ? (previous, false) : nil
    }
}

/// OpenSSL's ticket callback.
func protectTicket(
    _ session: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ vector: UnsafeMutablePointer<UInt8>?, _ cipher: OpaquePointer?,
    _ mac: OpaquePointer?, _ seals: CInt
) -> CInt {
    guard let session, let name, let vector, let cipher, let mac, let owner = openssl_owner(session) else { return -1 }
    let acceptor = Unmanaged<TLSAcceptor>.fromOpaque(owner).takeUnretainedValue()
    return seals == 1 ? acceptor.seal(name, vector, cipher, mac) : acceptor.open(name, vector, cipher, mac)
}
