public import Bytes
import COpenSSL

/// Signs requests with an AWS secret key: Signature Version 4.
///
/// Signed are the method, the path, the query, the fields `host`, `x-amz-content-sha256`, `x-amz-date` and, where there are any,
/// `content-type`, `x-amz-security-token` and S3's of encryption, and by its digest the body. A key is derived once a day. One owner;
/// nothing is allocated by signing.
/// - Source: AWS IAM User Guide, "Create a signed AWS API request"; "Signature Version 4 test suite"
public final class AmazonSigner {
    private let accessKey: OwnedBytes
    private let secret: OwnedBytes
    private let sessionToken: OwnedBytes
    private let region: OwnedBytes
    private let service: StaticString
    private let host: OwnedBytes
    /// The day the derived key is for, `20150830`; empty before the first.
    private var day = InlineText<8>()
    private var key = SHA256.Digest(repeating: 0)

    /// - Parameters:
    ///   - secret: the secret access key.
    ///   - sessionToken: of temporary credentials; else empty.
    ///   - host: as the `host` field has it, with the port where that is not the scheme's own.
    public init(accessKey: [UInt8], secret: [UInt8], sessionToken: [UInt8], region: [UInt8], service: StaticString, host: [UInt8]) {
        self.accessKey = accessKey.withByteSlice { OwnedBytes($0) }
        self.secret = secret.withByteSlice { OwnedBytes($0) }
        self.sessionToken = sessionToken.withByteSlice { OwnedBytes($0) }
        self.region = region.withByteSlice { OwnedBytes($0) }
        self.service = service
        self.host = host.withByteSlice { OwnedBytes($0) }
    }

    deinit {
        withUnsafeMutableBytes(of: &key) { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// Room for what `sign` appends, in bytes, fields of encryption apart.
    public var byteCount: Int { 512 + accessKey.slice.count + sessionToken.slice.count + region.slice.count }

    /// Appends the field lines that make the request a signed one.
    ///
    /// - Parameters:
    ///   - path: as in the request line, percent-encoded once; the request has no query.
    ///   - contentType: as its field has it.
    ///   - time: `20150830T123600Z`.
    public func sign(
        method: StaticString, path: ByteSlice, contentType: ByteSlice, body: ByteSlice, time: ByteSlice, to writer: inout ByteWriter
    ) {
        var request = AmazonRequest(method: method, path: path, payload: PayloadDigest(of: body))
        request.contentType = contentType
        sign(request, time: time, to: &writer)
    }

    /// Appends the field lines that make `request` a signed one, its content type's apart.
    ///
    /// - Parameter time: `20150830T123600Z`.
    public func sign(_ request: AmazonRequest, time: ByteSlice, to writer: inout ByteWriter) {
        let digest = request.payload.digest
        writer.append("x-amz-content-sha256: ")
        digest.withSlice { writer.append(hexadecimalOf: $0) }
        writer.append("\r\nx-amz-date: ")
        writer.append(time)
        writer.append("\r\n")
        var canonical = CanonicalRequest(method: request.method, path: request.path, query: request.query, isEncodedAgain: !signsForStorage)
        var names = SignedNames()
        if !request.contentType.isEmpty { add("content-type", request.contentType, to: &canonical, &names) }
        add("host", host.slice, to: &canonical, &names)
        canonical.add("x-amz-content-sha256", hexadecimalOf: digest)
        names.add("x-amz-content-sha256")
        add("x-amz-date", time, to: &canonical, &names)
        write("x-amz-security-token", sessionToken.slice, to: &writer, &canonical, &names)
        write("x-amz-server-side-encryption", request.encryption, to: &writer, &canonical, &names)
        write("x-amz-server-side-encryption-aws-kms-key-id", request.encryptionKey, to: &writer, &canonical, &names)
        names.text.withBytesInPlace { names in
            writeAuthorization(canonical.finish(names: names, payload: digest), names: names, time: time, to: &writer)
        }
    }

    /// Whether it signs for S3, whose paths are encoded once.
    private var signsForStorage: Bool { ByteSlice(service) == "s3" }

    /// Appends a field that only some requests have, and signs it.
    private func write(
        _ name: StaticString, _ value: ByteSlice, to writer: inout ByteWriter, _ canonical: inout CanonicalRequest, _ names: inout SignedNames
    ) {
        guard !value.isEmpty else { return }
        writer.append(name)
        writer.append(": ")
        writer.append(value)
        writer.append("\r\n")
        add(name, value, to: &canonical, &names)
    }

    private func add(_ name: StaticString, _ value: ByteSlice, to canonical: inout CanonicalRequest, _ names: inout SignedNames) {
        canonical.add(name, value)
        names.add(name)
    }

    /// The names of signed fields, joined by `;`.
    private struct SignedNames {
        /// Seven fields at most, 145 bytes.
        var text = InlineText<192>()

        mutating func add(_ name: StaticString) {
            if !text.isEmpty { text.append(UInt8(ascii: ";")) }
            text.append(ByteSlice(name))
        }
    }

    /// Appends the `authorization` field for a request whose canonical form has the digest `request`.
    func writeAuthorization(_ request: SHA256.Digest, names: ByteSlice, time: ByteSlice, to writer: inout ByteWriter) {
        let day = time.prefix(min(8, time.count))
        let signature = signature(of: request, time: time, day)
        writer.append("authorization: AWS4-HMAC-SHA256 Credential=")
        writer.append(accessKey.slice)
        writer.append("/")
        writer.append(day)
        writer.append("/")
        writer.append(region.slice)
        writer.append("/")
        writer.append(service)
        writer.append("/aws4_request, SignedHeaders=")
        writer.append(names)
        writer.append(", Signature=")
        signature.withSlice { writer.append(hexadecimalOf: $0) }
        writer.append("\r\n")
    }

    private func signature(of request: SHA256.Digest, time: ByteSlice, _ day: ByteSlice) -> SHA256.Digest {
        if !(self.day.withBytes { $0 == day }) { deriveKey(for: day) }
        var code = key.withSlice { HMACSHA256(key: $0) }
        code.add("AWS4-HMAC-SHA256\n")
        code.add(time)
        code.add("\n")
        code.add(day)
        code.add("/")
        code.add(region.slice)
        code.add("/")
        code.add(service)
        code.add("/aws4_request\n")
        code.addHexadecimal(of: request)
        return code.finish()
    }

    private func deriveKey(for day: ByteSlice) {
        self.day.set(day)
        var seed: [UInt8] = []
        // Grown, it would leave copies behind.
        seed.reserveCapacity(4 + secret.slice.count)
        seed += "AWS4".utf8
        seed += UnsafeBufferPointer(start: secret.slice.base, count: secret.slice.count)
        var code = seed.withByteSlice { HMACSHA256(key: $0) }
        seed.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        code.add(day)
        key = code.finish()
        step(region.slice)
        step(ByteSlice(service))
        step(ByteSlice("aws4_request"))
    }

    private func step(_ word: ByteSlice) {
        var code = key.withSlice { HMACSHA256(key: $0) }
        code.add(word)
        key = code.finish()
    }
}

/// The form of a request that is signed, hashed as it is written.
///
///     method │ path, each byte but the unreserved and "/" encoded once more │ query │ fields, by name │ their names │ the body's digest
struct CanonicalRequest {
    private var hash = SHA256()

    /// - Parameters:
    ///   - query: sorted and encoded.
    ///   - isEncodedAgain: as every service but S3 wants it.
    init(method: StaticString, path: ByteSlice, query: ByteSlice = ByteSlice(""), isEncodedAgain: Bool = true) {
        hash.add(method)
        hash.add("\n")
        if isEncodedAgain { addPath(path) } else { hash.add(path) }
        hash.add("\n")
        hash.add(query)
        hash.add("\n")
    }

    /// What is encoded already is encoded again.
    private mutating func addPath(_ path: ByteSlice) {
        var start = 0
        for at in 0..<path.count where !CanonicalRequest.isPlain(path[at]) {
            hash.add(path[start..<at])
            var escape = InlineText<3>()
            escape.replace { $0.append(percentEncoded: path[at..<at + 1]) }
            escape.withBytesInPlace { hash.add($0) }
            start = at + 1
        }
        hash.add(path.dropFirst(start))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || ByteSlice("-._~/").firstIndex(of: byte) != nil
    }

    /// Adds a field; names in lower case, in order; values without blanks at their ends.
    mutating func add(_ name: StaticString, _ value: ByteSlice) {
        hash.add(name)
        hash.add(":")
        hash.add(value)
        hash.add("\n")
    }

    mutating func add(_ name: StaticString, hexadecimalOf digest: SHA256.Digest) {
        hash.add(name)
        hash.add(":")
        hash.addHexadecimal(of: digest)
        hash.add("\n")
    }

    /// - Parameter names: those of the fields, joined by `;`.
    mutating func finish(names: ByteSlice, payload: SHA256.Digest) -> SHA256.Digest {
        hash.add("\n")
        hash.add(names)
        hash.add("\n")
        hash.addHexadecimal(of: payload)
        return hash.finish()
    }
}

extension SHA256 {
    mutating func addHexadecimal(of digest: Digest) {
        var text = InlineText<64>()
        text.replace { writer in digest.withSlice { writer.append(hexadecimalOf: $0) } }
        text.withBytesInPlace { add($0) }
    }
}

extension HMACSHA256 {
    mutating func addHexadecimal(of digest: SHA256.Digest) {
        var text = InlineText<64>()
        text.replace { writer in digest.withSlice { writer.append(hexadecimalOf: $0) } }
        text.withBytesInPlace { add($0) }
    }
}
