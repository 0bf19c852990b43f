import Bytes
import Glibc

/// Why no token can be asked for; no secret.
struct TokenFault: Error {
    let message: String
}

extension TokenSource {
    /// The form that is posted; nil for a machine's own identity, which is asked for without one.
    ///
    /// - Parameter wallSeconds: now, seconds since 1970.
    func form(wallSeconds: UInt64) throws(TokenFault) -> Wiped? {
        switch grant {
        case .machine: return nil
        case .role(let role): return role.form()
        case .secret(let secret, let scope):
            return Wiped(capacity: TokenLimits.formFrameByteCount + 3 * (client.utf8.count + secret.count + scope.utf8.count)) { writer in
                writer.append("grant_type=client_credentials")
                writer.append(field: "client_id", encoding: client)
                secret.withBytes { writer.append(field: "client_secret", encoding: $0) }
                writer.append(field: "scope", encoding: scope)
            }
        case .federated(let path, let scope):
            let assertion = try TokenFile.read(path)
            return Wiped(capacity: TokenLimits.formFrameByteCount + 3 * (client.utf8.count + assertion.count + scope.utf8.count)) { writer in
                writer.append("grant_type=client_credentials")
                writer.append(field: "client_id", encoding: client)
                writer.append("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
                assertion.withBytes { writer.append(field: "client_assertion", encoding: $0) }
                writer.append(field: "scope", encoding: scope)
            }
        case .serviceAccount(let account):
            let assertion = try account.assertion(audience: url, scope: TokenSource.cloudPlatform, wallSeconds: wallSeconds)
            return Wiped(capacity: TokenLimits.formFrameByteCount + assertion.count) { writer in
                writer.append("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
                // Digits of base64url and dots alone: nothing to encode.
                assertion.withBytes { writer.append($0) }
            }
        }
    }
}

extension ByteWriter {
    mutating func append(field name: StaticString, encoding value: ByteSlice) {
        append("&")
        append(name)
        append("=")
        append(percentEncoded: value)
    }

    mutating func append(field name: StaticString, encoding value: String) {
        Array(value.utf8).withByteSlice { append(field: name, encoding: $0) }
    }
}

/// The file in which a cluster leaves a token for its pod.
enum TokenFile {
    static func read(_ path: String) throws(TokenFault) -> Wiped {
        // Nonblocking, or a FIFO in its place would hold the thread.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw fault(path, "cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw fault(path, "is not a file") }
        let whole = Wiped(capacity: TokenLimits.fileByteCount + 1) { writer in
            // A read of a regular file gives what is there, but for a signal.
            while writer.count < writer.capacity {
                let count = Glibc.read(descriptor, writer.base + writer.count, writer.capacity - writer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0, writer.claim(count) != nil else { return }
            }
        }
        guard whole.count <= TokenLimits.fileByteCount else { throw fault(path, "is longer than \(TokenLimits.fileByteCount) bytes") }
        let token = Wiped(capacity: whole.count) { writer in whole.withBytes { writer.append(withoutLineEnds($0)) } }
        guard token.count > 0 else { throw fault(path, "is empty") }
        return token
    }

    private static func withoutLineEnds(_ bytes: ByteSlice) -> ByteSlice {
        var kept = bytes.trimmed
        while kept.count > 0, kept[kept.count - 1] == 0x0A || kept[kept.count - 1] == 0x0D { kept = kept.prefix(kept.count - 1) }
        return kept.trimmed
    }

    private static func fault(_ path: String, _ what: String) -> TokenFault { TokenFault(message: "the federated token's file \(path) \(what)") }
}
