import Policy

/// The keys of the file, level by level.
enum ConfigurationSchema {
    static let version: Int64 = 1

    static let root = schema(
        "version", "listen", "trusted_proxies", "cors", "http2", "upstream_http2", "workers", "data", "log", "limits", "timeouts", "providers",
        "trusted_hosts", "keys", "virtual_keys", "configs", "default", "cb_config", "prices", "unpriced", "books",
        "policies", "alert_webhooks", "metrics", "exporters")

    static let log = schema("format", "access")
    static let books = schema("mode", "sync", "segment", "keep", "keep_size", "rows_keep", "export_denied_fields", "bodies")
    static let bodies = schema("mode", "workspaces", "fields", "most", "keep", "keep_size")
    static let metrics = schema("labels", "constant", "series")
    static let provider = schema("base_url", "dialect", "auth", "api_key", "ca_file", "allow_private", "http2")
    static let key = schema("digest", "client_certificate", "config", "expires", "usage_limits", "rate_limits", "allowed_models", "allowed_providers", "allowed_endpoints",
        "allowed_networks", "metadata")
    static let clientCertificate = schema("subject", "san")
    static let listener = schema("address", "tls", "proxy_protocol", "http1", "serves")
    static let proxies = schema("networks", "header")
    static let crossOrigin = schema("origins", "max_age")
    static let tls = schema("certificates", "client_ca", "client_certificates", "minimum_version")
    static let certificate = schema("certificate", "key")
    static let virtualKey = schema("provider", "api_key", "custom_host", "usage_limits", "rate_limits", "price_multiplier", "allowed_models")
    static let unpriced = schema("input", "output")
    static let policy = schema("conditions", "group_by", "usage_limits", "rate_limits")
    static let webhook = schema("url", "secret", "headers", "ca_file")

    private static let exporterTerms = ["type", "batch", "every", "timeout", "workspaces", "start", "reported"]

    /// What an exporter of a type may have.
    static func exporter(_ type: ExporterDeclaration.Kind) -> Schema { Schema((exporterTerms + type.keys).map { SchemaKey($0) }) }

    /// All of them together.
    static let exporter = Schema(
        (exporterTerms + ["endpoint", "url", "secret", "headers", "ca_file", "resource", "compression", "path", "rotate_size", "rotate_every", "keep_files"]).map { SchemaKey($0) })

    static func bounds(_ section: Bound.Section) -> Schema {
        Schema(Bound.allCases.filter { $0.section == section }.map { SchemaKey($0.rawValue) })
    }

    private static func schema(_ names: String...) -> Schema { Schema(names.map { SchemaKey($0) }) }
}
