public import Bytes

/// Makes the keys of one worker's requests, part by part: everything that can change the answer.
///
///     begin → add, once each part → addField, in any order → addBody → key
///
/// Each part is hashed with its name and its length, so that no two requests with different parts meet. No part costs an allocation.
public struct CacheKeyMaker: ~Copyable {
    /// What a key is made from. The raw value goes into it.
    public enum Part: UInt8, CaseIterable, Sendable {
        /// On whose behalf: whose answers it shares.
        case tenant
        /// All that a route's targets are and do to a request; see `CacheSeed.digest`.
        case route
        /// Which way the conditions of the route lead.
        case branch
        case endpoint
        /// The path, where it says more than the endpoint, and the query.
        case path
        case namespace
        /// What guardrails look at beside the body.
        case metadata
    }

    private let seed: CacheSeed
    private var hash: SipHash
    private var fields = Digest()
    private var hasher: BodyHasher
    private let known: KnownBodies

    public init(_ seed: CacheSeed) {
        self.seed = seed
        hash = SipHash(seed)
        hasher = BodyHasher(seed)
        known = KnownBodies(seed)
    }

    /// Starts the key of another request.
    public mutating func begin() {
        hash = SipHash(seed)
        fields = Digest()
    }

    public mutating func add(_ part: Part, _ bytes: ByteSlice) {
        hash.append(part.rawValue)
        hash.append(UInt64(truncatingIfNeeded: bytes.count))
        hash.append(bytes)
    }

    public mutating func add(_ part: Part, _ number: UInt64) {
        hash.append(part.rawValue)
        hash.append(8 as UInt64)
        hash.append(number)
    }

    /// Adds a header field that the target will see; in which order fields come, and how their names are capitalised, does not count.
    public mutating func addField(_ name: ByteSlice, _ value: ByteSlice) {
        var field = SipHash(seed)
        for index in 0..<name.count { field.append(ASCII.lowercased(name[index])) }
        field.append(UInt8(ascii: ":"))
        field.append(value.trimmed)
        fields.add(field.finish())
    }

    /// Adds the body; returns the form it asks for, which is no part of the key, or nil when the request cannot have a key.
    public mutating func addBody(_ text: ByteSlice) -> RequestedForm? {
        let place = known.place(of: text)
        guard let body = known.body(at: place) ?? learned(text, at: place) else { return nil }
        hash.append(body.digest.low)
        hash.append(body.digest.high)
        return body.form
    }

    /// What a body says that is not known, and is from here on.
    private mutating func learned(_ text: ByteSlice, at place: Digest) -> KnownBodies.Hashed? {
        guard let body = hasher.hash(text) else { return nil }
        known.keep(body, at: place)
        return body
    }

    /// The key for the answer in the form numbered `form`.
    public func key(form: UInt8) -> CacheKey {
        var hash = hash
        hash.append(fields.low)
        hash.append(fields.high)
        let digest = hash.finish()
        return CacheKey(low: digest.low, high: digest.high).inForm(form)
    }
}

extension CacheSeed {
    /// The hash of a list of parts, each with its length: for what is the same for many requests, and hashed once.
    public func digest(_ parts: [[UInt8]]) -> [UInt8] {
        var hash = SipHash(self)
        for part in parts {
            hash.append(UInt64(truncatingIfNeeded: part.count))
            part.withByteSlice { hash.append($0) }
        }
        let digest = hash.finish()
        return [digest.low, digest.high].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
    }
}
