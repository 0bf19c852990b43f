import Books
import Bytes
import JSON

/// Values of the labels that an operator has asked for: noted by the worker as far as only it knows them, put together by the thread that counts.
struct MoreLabels {
    /// Between two values, which never have it themselves.
    private static let separator: UInt8 = 0x1F

    let settings: MetricSettings
    private var places: [String: Int] = [:]
    /// Each with a comma before it; escaped.
    private(set) var texts: [String] = []

    init(_ settings: MetricSettings) { self.settings = settings }

    /// Of a record's values; nil where there are as many as may be.
    mutating func place(of record: inout AccessRecord) -> Int? {
        if settings.labels.isEmpty { return 0 }
        var noted = record.moreLabels.withBytesInPlace { [UInt8]($0) }.split(separator: MoreLabels.separator, omittingEmptySubsequences: false)[...]
        var values: [[UInt8]] = []
        for label in settings.labels {
            switch label {
            case .model where record.servedModel.isEmpty: values.append(record.model.withBytesInPlace { [UInt8]($0) })
            case .model: values.append(record.servedModel.withBytesInPlace { [UInt8]($0) })
            case .key: values.append(record.key.withBytesInPlace { [UInt8]($0) })
            case .payloadSize: values.append(Array(MoreLabels.range(of: record.figures.receivedByteCount).utf8))
            case .config, .metadata: values.append(noted.popFirst().map { Array($0) } ?? [])
            }
        }
        // By what is shown: bytes that are no text, repaired, may be the same as others.
        let text = zip(settings.labels, values).map { ",\($0.name)=\(MetricLabels.quoted(String(decoding: $1, as: UTF8.self)))" }.joined()
        if let known = places[text] { return known }
        guard texts.count < settings.seriesCount else { return nil }
        texts.append(text)
        places[text] = texts.count - 1
        return texts.count - 1
    }

    func text(at place: Int) -> String { place < texts.count ? texts[place] : "" }

    /// Of all that have no set of their own.
    var others: String { settings.labels.map { ",\($0.name)=\"\(LabelNames.others)\"" }.joined() }

    var constants: String { settings.constants.map { ",\($0.name)=\(MetricLabels.quoted($0.value))" }.joined() }

    static func range(of byteCount: UInt64) -> String {
        switch byteCount {
        case ..<1024: "0-1KiB"
        case ..<10_240: "1-10KiB"
        case ..<102_400: "10-100KiB"
        case ..<1_048_576: "100KiB-1MiB"
        default: "1MiB+"
        }
    }

    /// Writes what of a request's labels only its worker knows.
    static func note(_ settings: MetricSettings, config: ByteSlice?, metadata: ByteSlice, to writer: inout ByteWriter) {
        let root = metadata.isEmpty ? nil : JSONView(objectIn: metadata)
        var isFirst = true
        for label in settings.labels where label.isNoted {
            if !isFirst { writer.append(separator) }
            isFirst = false
            switch label {
            case .config: if let config { append(config, to: &writer) }
            case .metadata(let name):
                guard let value = Array(name.utf8).withByteSlice({ root?.child($0) }) else { continue }
                append(value.string?.content ?? (value.kind == .object || value.kind == .array ? ByteSlice("") : value.bytes), to: &writer)
            case .model, .payloadSize, .key: break
            }
        }
    }

    private static func append(_ value: ByteSlice, to writer: inout ByteWriter) {
        for index in 0..<min(value.count, GatewayLimits.metricValueByteCount) where value[index] != separator { writer.append(value[index]) }
    }
}

extension Worker {
    /// Whether anybody wants to know what requests say of themselves: the books, or metrics with labels of theirs.
    var keepsNotes: Bool { recorder != nil || !accessRing.labels.labels.isEmpty }
}

extension Exchange {
    /// Notes values of labels that only the worker knows, where any are asked for.
    func noteLabels() {
        let settings = worker.accessRing.labels
        guard settings.labels.contains(where: \.isNoted) else { return }
        let config = plan?.route.configName?.slice
        let writer = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.metricLabelsByteCount)
        defer { writer.deallocate() }
        var labels = ByteWriter(writer, capacity: GatewayLimits.metricLabelsByteCount)
        if let metadata = bookNotes.longMetadata {
            MoreLabels.note(settings, config: config, metadata: metadata.slice, to: &labels)
        } else {
            bookNotes.metadata.withBytesInPlace { MoreLabels.note(settings, config: config, metadata: $0, to: &labels) }
        }
        record.moreLabels.set(labels.written)
    }
}
