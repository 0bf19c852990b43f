public import JSON
import Policy

/// A row of `listen:`.
public struct ListenerDeclaration: Sendable {
    /// For whom an address is: everybody, all but administrators, or those alone.
    public enum Role: String, Sendable, CaseIterable { case all, models, admin }

    public let address: ListenAddress
    /// Nil for plaintext.
    public private(set) var tls: TLSDeclaration?
    /// Whether connections begin with a PROXY header.
    public let expectsProxyHeader: Bool
    /// Whether HTTP/1.1 is spoken, beside HTTP/2.
    public let speaksHTTP1: Bool
    public let serves: Role

    public init(
        address: ListenAddress, tls: TLSDeclaration? = nil, expectsProxyHeader: Bool = false, speaksHTTP1: Bool = true, serves: Role = .all
    ) {
        self.address = address
        self.tls = tls
        self.expectsProxyHeader = expectsProxyHeader
        self.speaksHTTP1 = speaksHTTP1
        self.serves = serves
    }

    /// The same, showing something else over TLS.
    public func showing(_ tls: TLSDeclaration?) -> ListenerDeclaration {
        var other = self
        other.tls = tls
        return other
    }
}

/// What a listener shows over TLS and asks of its clients, as files that are not read yet.
public struct TLSDeclaration: Sendable {
    public struct Certificate: Sendable {
        public let chain: FileReference
        public let key: FileReference

        public init(chain: FileReference, key: FileReference) {
            self.chain = chain
            self.key = key
        }
    }

    /// Whether clients must show certificates.
    public enum ClientCertificates: String, Sendable, CaseIterable { case off, optional, required }

    public enum Version: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// The first is shown to who asks for none of the names.
    public let certificates: [Certificate]
    public internal(set) var clientCA: FileReference?
    public internal(set) var clientCertificates = ClientCertificates.off
    public internal(set) var lowestVersion = Version.tls12

    public init(certificates: [Certificate]) { self.certificates = certificates }
}

/// A file that the configuration names, and where it does.
public struct FileReference: Sendable {
    public let path: String
    /// Nil for one that an argument names.
    let place: Secret.Place?

    /// A file that an argument names.
    public init(argument path: String) {
        self.path = path
        place = nil
    }

    init(_ path: String, _ field: Field) {
        self.path = path
        place = Secret.Place(position: field.node.position, path: field.path)
    }

    /// What is wrong with the file, where the configuration names it.
    public func fault(_ message: String, hint: String? = nil, severity: Diagnostic.Severity = .error) -> Diagnostic {
        Diagnostic(
            "\(path) \(message)", hint: hint, kind: .meaning, severity: severity, at: place?.position ?? SourcePosition(line: 0, column: 0, offset: 0),
            path: place?.path ?? DocumentPath())
    }
}
