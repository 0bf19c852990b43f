/// What metrics of requests have for labels beyond those that they always have.
public struct MetricSettings: Sendable, Equatable {
    public enum Label: Sendable, Equatable {
        /// The model that served, else the one that was asked for.
        case model
        /// In which range the request's bytes are.
        case payloadSize
        case key
        case config
        /// A member of the request's metadata.
        case metadata(String)

        /// As Portkey's gateway calls it.
        var name: String {
            switch self {
            case .model: "model"
            case .payloadSize: "payloadSizeRange"
            case .key: "api_key_name"
            case .config: "config_name"
            case .metadata(let name): "metadata_" + String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
            }
        }

        /// Whether the worker has to note it, since the record does not say it otherwise.
        var isNoted: Bool {
            switch self {
            case .config, .metadata: true
            case .model, .payloadSize, .key: false
            }
        }
    }

    public struct Constant: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var labels: [Label] = []
    /// Labels that are the same everywhere: which gateway it is.
    public var constants: [Constant] = []
    /// Sets of labels that requests are counted by; the rest are one.
    public var seriesCount = GatewayLimits.metricSeries

    public init() {}
}
