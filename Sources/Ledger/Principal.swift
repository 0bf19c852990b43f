public import Bytes

/// Who a request acts for: one declared key.
///
/// Valid as long as the key table it came from, which is as long as the snapshot.
public struct Principal: BitwiseCopyable {
    /// Whether the key opens anything.
    public enum Standing: UInt8, BitwiseCopyable, Sendable {
        case active
        case disabled
        /// What it may spend is spent.
        case exhausted
        /// It is for other things than asking models.
        case unscoped
        /// Something that it is restricted by cannot be kept, so that it opens nothing.
        case restricted
    }

    /// The key's place in the declaration.
    public let keyIndex: Int
    /// The configuration its requests use when they name none; nil when the key names none either.
    public let configurationIndex: Int?
    /// Wall-clock seconds since 1970 from which the key is refused.
    public internal(set) var expiresAt: Int64
    /// The client certificate its requests must come with; nil for none.
    public let certificate: CertificateIdentity?
    /// The name it was declared under. Owned by the table.
    public let name: ByteSlice
    /// What tells its holder from every other, also from one who had its name before. Owned by the table.
    public internal(set) var identity: ByteSlice
    public internal(set) var standing = Standing.active
    /// Where its holder is at home, by a number of the snapshot's; negative for one to whom all workspaces are open.
    public internal(set) var workspace: Int32 = -1
    /// Whether its requests may bring a config of their own.
    public internal(set) var mayBringConfig = true
    /// Whether it may see what prompts are rendered to.
    public internal(set) var mayRenderPrompts = true

    /// Whether a file declares its key, where nothing but the name tells it from others. A store's has an id.
    public var isDeclared: Bool { identity.base == name.base }

    init(keyIndex: Int, configurationIndex: Int?, expiresAt: Int64, certificate: CertificateIdentity?, name: ByteSlice) {
        self.keyIndex = keyIndex
        self.configurationIndex = configurationIndex
        self.expiresAt = expiresAt
        self.certificate = certificate
        self.name = name
        identity = name
    }
}
