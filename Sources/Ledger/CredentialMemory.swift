public import Bytes
import COpenSSL

/// The credential a connection presented last, and whose it was: a client that repeats itself is
/// recognised by comparing 59 bytes instead of hashing them.
///
/// A memory is of one snapshot and forgets when shown another: its principal points into that
/// snapshot, and a revoked key must not live on in an open connection. The bytes are zeroed when
/// they are forgotten, replaced or dropped.
public struct CredentialMemory: ~Copyable {
    /// On the heap from the first credential on: a value that is moved leaves its old bytes behind,
    /// where nothing would zero them.
    private var bytes: UnsafeMutablePointer<UInt8>?
    private var count = 0
    private var principal: Principal?
    private var snapshotVersion: UInt64 = 0

    public init() {}

    deinit {
        OPENSSL_cleanse(bytes, count)
        bytes?.deallocate()
    }

    /// Whose `secret` is, when it is the one remembered and the snapshot is still the same.
    /// The time taken depends on the secret's length alone.
    public mutating func recall(_ secret: ByteSlice, snapshotVersion: UInt64) -> Principal? {
        guard let bytes, count > 0 else { return nil }
        guard self.snapshotVersion == snapshotVersion else {
            forget()
            return nil
        }
        guard secret.count == count else { return nil }
        return CredentialMemory.isEqual(bytes, secret.base, count) ? principal : nil
    }

    /// In a time that depends on `count` alone. OpenSSL compares sixteen bytes in one step, and any other number one by one: so it is asked for sixteen
    /// at a time, the last of which may overlap those before.
    private static func isEqual(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard count >= 16 else { return CRYPTO_memcmp(left, right, count) == 0 }
        var difference = CRYPTO_memcmp(left + (count - 16), right + (count - 16), 16)
        for offset in stride(from: 0, to: count - 16, by: 16) { difference |= CRYPTO_memcmp(left + offset, right + offset, 16) }
        return difference == 0
    }

    /// Remembers that `secret`, just verified, is `principal`'s. One longer than
    /// `LedgerLimits.rememberedByteCount` is not remembered.
    public mutating func remember(_ secret: ByteSlice, as principal: Principal, snapshotVersion: UInt64) {
        forget()
        guard secret.count > 0, secret.count <= LedgerLimits.rememberedByteCount else { return }
        let kept = bytes ?? .allocate(capacity: LedgerLimits.rememberedByteCount)
        kept.update(from: secret.base, count: secret.count)
        bytes = kept
        count = secret.count
        self.principal = principal
        self.snapshotVersion = snapshotVersion
    }

    /// Forgets and zeroes.
    public mutating func forget() {
        OPENSSL_cleanse(bytes, count)
        count = 0
        principal = nil
    }
}
