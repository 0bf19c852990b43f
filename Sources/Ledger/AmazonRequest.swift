public import Bytes

/// What of a request is signed for AWS, beside what its signer knows. Slices are borrowed.
public struct AmazonRequest {
    public var method: StaticString
    /// As in the request line, percent-encoded once.
    public var path: ByteSlice
    /// As in the request line behind its `?`: by name, percent-encoded. Empty for none.
    public var query = ByteSlice("")
    /// As its field has it; empty for a request without one.
    public var contentType = ByteSlice("")
    public var payload: PayloadDigest
    /// What S3 encrypts an object with, `aws:kms` say, and the key for it; empty for the bucket's own way.
    public var encryption = ByteSlice("")
    public var encryptionKey = ByteSlice("")

    public init(method: StaticString, path: ByteSlice, payload: PayloadDigest) {
        self.method = method
        self.path = path
        self.payload = payload
    }
}

/// The SHA-256 of a request's body.
public struct PayloadDigest {
    let digest: SHA256.Digest

    public init(of body: ByteSlice) { digest = SHA256.digest(of: body) }

    init(_ digest: SHA256.Digest) { self.digest = digest }
}

/// The same of a body that is made piece by piece, so that no turn of a loop hashes all of it.
public struct PayloadHash {
    private var hash = SHA256()

    public init() {}

    public mutating func add(_ bytes: ByteSlice) { hash.add(bytes) }

    /// The digest; nothing can be added any more.
    public mutating func finish() -> PayloadDigest { PayloadDigest(hash.finish()) }
}
