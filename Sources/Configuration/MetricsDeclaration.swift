import JSON
import Policy

/// `metrics:`, what metrics of requests have for labels beyond those that they always have.
public struct MetricsDeclaration: Sendable, Equatable {
    public enum Label: Sendable, Equatable {
        case model, payloadSize, key, config
        case metadata(String)

        /// What tells it from others in a scrape, where a label's name has letters and digits alone.
        var shown: String {
            guard case .metadata(let name) = self else { return "\(self)" }
            return "metadata_" + String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        }
    }

    public internal(set) var labels: [Label] = []
    /// Names and values.
    public internal(set) var constants: [Constant] = []
    public internal(set) var series: Int?

    public struct Constant: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public init() {}

    /// As they are written, but for metadata's.
    private static let words: [(text: String, label: Label)] = [
        ("model", .model), ("payloadSizeRange", .payloadSize), ("api_key_name", .key), ("config_name", .config),
    ]

    static let wordTexts = words.map(\.text) + ["metadata_NAME"]

    static func label(_ text: String) -> Label? {
        if let word = words.first(where: { $0.text == text }) { return word.label }
        guard text.hasPrefix("metadata_"), text.utf8.count > 9 else { return nil }
        return .metadata(String(text.dropFirst(9)))
    }

    /// Of labels that requests have anyway, or that a histogram needs.
    static let taken: Set<String> = ["method", "endpoint", "code", "provider", "stream", "cacheStatus", "le"]
}

extension ConfigurationReader {
    mutating func metrics(_ field: Field) -> MetricsDeclaration {
        var declaration = MetricsDeclaration()
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.metrics) else { return declaration }
        if let found = fields["labels"] {
            for entry in several(found, atMost: ConfigurationLimits.metricLabelCount, called: "labels") {
                guard let text = schema.string(entry) else { continue }
                guard let label = MetricsDeclaration.label(text) else {
                    schema.report("there is no label \(quoted(text))", hint: Nearest.hint(text, among: MetricsDeclaration.wordTexts), kind: .meaning, at: entry)
                    continue
                }
                if declaration.labels.contains(where: { $0.shown == label.shown }) { schema.report("the label \(quoted(text)) stands here twice", kind: .meaning, at: entry) }
                declaration.labels.append(label)
            }
        }
        if let found = fields["constant"] {
            for (name, entry) in schema.entries(of: found) {
                guard let value = schema.string(entry) else { continue }
                guard MetricsDeclaration.isName(name), !MetricsDeclaration.taken.contains(name), MetricsDeclaration.label(name) == nil else {
                    schema.report(
                        "\(quoted(name)) cannot be a constant label", hint: "take letters, digits and \"_\", and no label that requests have anyway", kind: .meaning, at: entry)
                    continue
                }
                declaration.constants.append(MetricsDeclaration.Constant(name: name, value: value))
            }
        }
        if let found = fields["series"], let count = schema.integer(found, in: 1...ConfigurationLimits.metricSeries) { declaration.series = Int(count) }
        return declaration
    }
}

extension MetricsDeclaration {
    /// - Source: Prometheus's data model: a label's name matches `[a-zA-Z_][a-zA-Z0-9_]*`, and what begins with `__` is its own.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !text.hasPrefix("__"), !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
    }
}
