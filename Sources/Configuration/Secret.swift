public import Bytes
import JSON
import Policy

/// What a secret has to be.
enum SecretForm: Sendable {
    /// Sent to a provider, or a service account's key file, which is sent nowhere.
    case credential
    /// The value of a header field: blanks may be within it.
    case fieldValue
    /// What messages are signed with: the same; `whsec_` begins base64.
    case signingKey
    /// An address for posts.
    case webhookURL
}

/// A secret as the file gives it: written out, or where it is to be found.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public enum Source: Sendable {
        case literal(SecretBytes)
        /// `env:NAME`
        case environment(String)
        /// `file:PATH`
        case file(String)
    }

    public let source: Source
    let form: SecretForm
    /// Where it stands in the file, for what is found wrong when it is looked up.
    let field: Place

    struct Place: Sendable {
        let position: SourcePosition
        let path: DocumentPath
    }

    public var description: String {
        switch source {
        case .literal(let bytes): bytes.description
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    init?(_ text: String, field: Field, form: SecretForm = .credential) {
        self.form = form
        self.field = Place(position: field.node.position, path: field.path)
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard Secret.isVariableName(name) else { return nil }
            source = .environment(name)
        } else if text.hasPrefix("file:") {
            guard text.utf8.count > 5, !text.utf8.contains(0) else { return nil }
            source = .file(String(text.dropFirst(5)))
        } else {
            let bytes = Array(text.utf8)
            guard bytes.withByteSlice({ form.fault(of: $0) }) == nil else { return nil }
            source = .literal(bytes.withByteSlice { SecretBytes($0) })
        }
    }

    private static func isVariableName(_ name: String) -> Bool {
        !name.isEmpty && !ASCII.isDigit(name.utf8.first ?? 0x30)
            && name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
    }
}

extension SecretForm {
    /// Why bytes cannot be one; nil when they can.
    func fault(of bytes: ByteSlice) -> String? {
        if bytes.isEmpty { return "is empty" }
        if self == .credential, bytes[0] == UInt8(ascii: "{") {
            return bytes.count > ConfigurationLimits.accountByteCount ? "is longer than \(ConfigurationLimits.accountByteCount) bytes" : nil
        }
        if bytes.count > ConfigurationLimits.secretByteCount {
            return "is longer than \(ConfigurationLimits.secretByteCount) bytes"
        }
        let mayHaveBlanks = self == .fieldValue || self == .signingKey
        for index in 0..<bytes.count where !(0x21...0x7E).contains(bytes[index]) {
            let isWithin = index > 0 && index < bytes.count - 1
            if !(bytes[index] == 0x20 && mayHaveBlanks && isWithin) { return "has a character that a header field cannot carry" }
        }
        switch self {
        case .credential, .fieldValue: return nil
        case .signingKey: return SecretForm.isSigningKey(bytes) ? nil : "begins with whsec_, and no base64 follows"
        case .webhookURL: return WebhookURL.fault(of: bytes)
        }
    }

    private static func isSigningKey(_ text: ByteSlice) -> Bool {
        guard text.hasPrefix("whsec_") else { return true }
        var isBase64 = false
        _ = Wiped(capacity: text.count) { isBase64 = $0.append(decodingBase64: text.dropFirst(6)) && $0.count > 0 }
        return isBase64
    }
}
