/// Bounds of the configuration file itself.
public enum ConfigurationLimits {
    /// Bytes of the file. A thousand keys and a hundred configs are a tenth of it.
    public static let textByteCount = 1 << 20

    /// Bytes of a secret read from a file or the environment: what one header line carries.
    public static let secretByteCount = 4096

    /// Bytes of a secret that is a service account's key file: 2.4 KiB, twice that with the longest key.
    public static let accountByteCount = 8 << 10

    /// Addresses to listen on.
    public static let listenCount = 32

    /// Certificates of a listener.
    public static let certificateCount = 64

    /// Bytes of a file of certificates or a key. The whole of the web's authorities are 220 KiB.
    public static let pemByteCount = 1 << 20

    /// Bytes of a client certificate's subject or name.
    public static let certificateNameByteCount = 1024
}
