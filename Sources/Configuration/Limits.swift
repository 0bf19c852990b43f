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

    /// Networks of trusted proxies: a cloud's load balancers have some dozens.
    public static let networkCount = 256

    /// Origins of web pages that may ask.
    public static let originCount = 64

    /// Bytes of an origin: a scheme, a host of 253 bytes (RFC 1035 §2.3.4), a port.
    public static let originByteCount = 272

    /// The longest that browsers remember the answer to a preflight, in seconds.
    public static let preflightSeconds: Int64 = 86_400

    /// Certificates of a listener.
    public static let certificateCount = 64

    /// Bytes of a file of certificates or a key. The whole of the web's authorities are 220 KiB.
    public static let pemByteCount = 1 << 20

    /// Entries of a list of what a key may be used for, and bytes of one: the store's.
    public static let allowedCount = 256
    public static let allowedByteCount = 256

    /// Pairs of a key's metadata, and bytes of a name or a value: the store's.
    public static let metadataCount = 64
    public static let metadataByteCount = 128

    /// All of a key's metadata, in bytes of JSON: what its workspace says beside it may be as long, and a record has room for both.
    public static let metadataTextByteCount = 2048

    /// The largest multiplier of prices: the ledger's.
    public static let priceMultiplier: Int64 = 1000

    /// Dollars a million tokens, of models without a price: a thousand times what the dearest take.
    public static let dollarsPerMillion: Int64 = 1_000_000

    /// Webhooks for alerts, and header fields of one: those of the module that tells them.
    public static let webhookCount = 16
    public static let webhookHeaderCount = 16

    /// Labels that metrics may be asked to have, and sets of labels that requests may be counted by: 20 KB of a scrape each.
    public static let metricLabelCount = 8
    public static let metricSeries: Int64 = 10_000

    /// Header fields whose values are kept beside those that are known to hold no secret.
    public static let keptFieldCount = 64

    /// Exporters, each of which has a thread.
    public static let exporterCount = 16

    /// Attributes of an exporter's resource: what tells a deployment from others.
    public static let resourceCount = 32

    /// Bytes of the name or the value of an attribute of a resource.
    public static let resourceByteCount = 256

    /// Bytes of a client certificate's subject or name.
    public static let certificateNameByteCount = 1024
}
