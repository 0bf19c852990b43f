public import Bytes
import Webhooks

/// Where records are sent, which, and how.
///
/// Known by its identity: a configuration that is read again makes new ones. How far it has come belongs to its name.
public final class Exporter: Sendable {
    public enum Kind: Sendable {
        /// Spans of OpenTelemetry; `resource` is said of all of them.
        case spans(HTTPDestination, resource: [(name: String, value: String)])
        /// A file with a record a line.
        case lines(RotatedFile)
        /// JSON, signed where there is a key.
        case messages(HTTPDestination)
    }

    /// When and of what a batch is made.
    public struct Terms: Equatable, Sendable {
        /// Records of one batch.
        public var batchCount = 512
        /// The most that a record waits for others.
        public var everyNanoseconds: UInt64 = 1_000_000_000
        /// A whole post.
        public var timeoutNanoseconds: UInt64 = 10_000_000_000
        /// Empty for all.
        public var workspaces: Set<String> = []
        /// Where one begins that has never been: with what the journal has, or with what comes.
        public var startsAtOldest = false
        /// Whether records that others have told of are sent, too.
        public var includesReported = false

        public init() {}
    }

    public let name: String
    let kind: Kind
    let terms: Terms

    /// - Parameter name: letters, digits, `-`, `_` and `.`.
    public init(name: String, _ kind: Kind, _ terms: Terms) {
        self.name = name
        self.kind = kind
        self.terms = terms
    }

    /// For messages.
    var title: String {
        switch kind {
        case .spans(let destination, _), .messages(let destination): "exporter \"\(name)\" to \(destination.host)"
        case .lines(let file): "exporter \"\(name)\" to \(file.path)"
        }
    }
}

/// A host to which records are posted, and what shows it who posts.
public struct HTTPDestination: Sendable {
    /// A header field; its value may be a secret.
    public struct Field: Sendable {
        public let name: String
        public let value: SecretBytes

        public init(name: String, value: SecretBytes) {
            self.name = name
            self.value = value
        }
    }

    /// Which host it is: all of the URL that messages show, since its path may be a secret.
    public let host: String
    let url: SecretBytes
    /// What posts are signed with; nil where they are not.
    let key: SecretBytes?
    let fields: [Field]
    /// PEM file of certificate authorities to trust instead of the system's.
    let caFile: String?
    /// Whether posts are packed with gzip.
    let isPacked: Bool

    /// - Parameters:
    ///   - url: `http` or `https`, without a NUL.
    ///   - secret: `whsec_` and base64, or any bytes.
    ///   - fields: names and values that a header field can carry.
    public init(host: String, url: SecretBytes, secret: SecretBytes? = nil, fields: [Field] = [], caFile: String? = nil, isPacked: Bool = false) {
        self.host = host
        self.url = url
        key = secret.map { SigningKey.bytes(of: $0) ?? $0 }
        self.fields = fields
        self.caFile = caFile
        self.isPacked = isPacked
    }
}

/// A file of lines, and when another is begun.
public struct RotatedFile: Equatable, Sendable {
    public let path: String
    /// Bytes; nil for whatever it takes.
    let mostBytes: Int64?
    /// Another is begun at each whole multiple of it since 1970; nil for never.
    let periodNanoseconds: UInt64?
    /// Files that are kept beside the one that is written.
    let kept: Int

    public init(path: String, mostBytes: Int64?, periodNanoseconds: UInt64?, kept: Int) {
        self.path = path
        self.mostBytes = mostBytes
        self.periodNanoseconds = periodNanoseconds
        self.kept = kept
    }
}
