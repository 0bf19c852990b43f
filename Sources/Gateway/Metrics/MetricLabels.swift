import Bytes
import Providers

/// How metrics tell requests apart: by few things, each of few values, whatever clients send.
struct MetricLabels: Hashable {
    var method: Method
    var endpoint: Endpoint
    var status: UInt16
    /// Its place among the names that are known.
    var provider: Int
    var isStream: Bool
    var cacheStatus: Caching.Status
    /// Of the labels that were asked for, the place of their values.
    var more = 0

    enum Method: CaseIterable {
        // The first is asked for most.
        case post, get, put, patch, delete, head, options, other

        init(_ method: ByteSlice) { self = Method.allCases.first { method == $0.name } ?? .other }

        var name: StaticString {
            switch self {
            case .post: "POST"
            case .get: "GET"
            case .put: "PUT"
            case .patch: "PATCH"
            case .delete: "DELETE"
            case .head: "HEAD"
            case .options: "OPTIONS"
            case .other: "other"
            }
        }
    }

    /// As they stand between braces.
    func text(provider: String) -> String {
        let endpoint = MetricLabels.path(of: endpoint)
        return "method=\"\(method.name)\",endpoint=\"\(endpoint)\",code=\"\(status)\",provider=\"\(provider)\",stream=\"\(isStream)\","
            + "cacheStatus=\"\(MetricLabels.word(cacheStatus))\""
    }

    /// The path it is asked for at, of those with ids in them its beginning.
    private static func path(of endpoint: Endpoint) -> StaticString {
        switch endpoint {
        case .chatCompletions: "/v1/chat/completions"
        case .completions: "/v1/completions"
        case .embeddings: "/v1/embeddings"
        case .models: "/v1/models"
        case .messages: "/v1/messages"
        case .countTokens: "/v1/messages/count_tokens"
        case .responses: "/v1/responses"
        case .imagesGenerations: "/v1/images/generations"
        case .imagesEdits: "/v1/images/edits"
        case .audioSpeech: "/v1/audio/speech"
        case .audioTranscriptions: "/v1/audio/transcriptions"
        case .audioTranslations: "/v1/audio/translations"
        case .files: "/v1/files"
        case .batches: "/v1/batches"
        case .fineTuning: "/v1/fine_tuning"
        case .moderations: "/v1/moderations"
        case .rerank: "/v1/rerank"
        case .realtime: "/v1/realtime"
        case .promptRender: "/v1/prompts/render"
        case .promptCompletions: "/v1/prompts/completions"
        case .health: "/health"
        case .ready: "/ready"
        case .metrics: "/metrics"
        case .operatorTargets, .operatorReload, .operatorCache: "/v1/sluice"
        case .admin: "admin"
        case .other, .unknown: "other"
        }
    }

    private static func word(_ status: Caching.Status) -> StaticString {
        switch status {
        case .disabled: "disabled"
        case .miss: "miss"
        case .semanticMiss: "semantic_miss"
        case .refresh: "refresh"
        case .hit: "hit"
        }
    }

    /// `text` as the value of a label (Prometheus's text format, 0.0.4): what would end it is escaped, and so is what would end its line.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character.value < 0x20 || character.value == 0x7F ? "\u{FFFD}" : character)
            }
        }
        return escaped
    }

    /// The same between its quotes.
    static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// Without a point where it is whole.
    static func number(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }
}

/// Names that labels have, in the order in which they were first seen; once there are too many, all others are one.
struct LabelNames {
    private let capacity: Int
    private var places: [[UInt8]: Int] = [:]
    private(set) var texts: [String] = []
    /// The one asked for last: requests of one kind come together.
    private var last: (name: [UInt8], place: Int)?

    static let others = "other"

    init(capacity: Int) { self.capacity = capacity }

    mutating func place(of name: ByteSlice) -> Int {
        if let last, last.name.withByteSlice({ name == $0 }) { return last.place }
        let bytes = [UInt8](name)
        let place = places[bytes] ?? add(bytes)
        last = (bytes, place)
        return place
    }

    private mutating func add(_ bytes: [UInt8]) -> Int {
        let isRoom = texts.count < capacity
        // The place of all others is behind those that have one each.
        if isRoom || texts.count == capacity { texts.append(isRoom ? MetricLabels.escaped(String(decoding: bytes, as: UTF8.self)) : LabelNames.others) }
        guard isRoom else { return capacity }
        places[bytes] = texts.count - 1
        return texts.count - 1
    }
}
