import Bytes

/// Bodies that were hashed lately, by their bytes: who asks the same again mostly sends the same bytes, and to hash those is less work than to hash
/// what they say.
///
/// A row for each of the newest bodies, chosen by the hash of its bytes: one that comes takes the place of another. That two bodies have one hash
/// is as likely here as it is for keys.
struct KnownBodies: ~Copyable {
    /// What a body says, hashed, and the form it asks for.
    typealias Hashed = (digest: Digest, form: RequestedForm)

    private struct Row: BitwiseCopyable {
        /// Zero where there is none yet, which no body's hash is but by a chance of 2⁻¹²⁸.
        var bytes = Digest()
        var said = Digest()
        var form = RequestedForm()
    }

    private let seed: CacheSeed
    private let rows: UnsafeMutablePointer<Row>

    init(_ seed: CacheSeed) {
        self.seed = seed
        rows = .allocate(capacity: CacheKeyLimits.knownBodies)
        rows.initialize(repeating: Row(), count: CacheKeyLimits.knownBodies)
    }

    deinit { rows.deallocate() }

    /// Where a body would be, by its bytes.
    @inline(__always)
    func place(of text: ByteSlice) -> Digest {
        var bytes = SipHash(seed)
        bytes.append(text)
        return bytes.finish()
    }

    /// The body that was kept at `place`; nil where it is another's by now.
    @inline(__always)
    func body(at place: Digest) -> Hashed? {
        let found = row(of: place).pointee
        return found.bytes == place ? (found.said, found.form) : nil
    }

    @inline(__always)
    func keep(_ body: Hashed, at place: Digest) { row(of: place).pointee = Row(bytes: place, said: body.digest, form: body.form) }

    @inline(__always)
    private func row(of place: Digest) -> UnsafeMutablePointer<Row> {
        // A power of two.
        rows + Int(truncatingIfNeeded: place.low & UInt64(CacheKeyLimits.knownBodies - 1))
    }
}
