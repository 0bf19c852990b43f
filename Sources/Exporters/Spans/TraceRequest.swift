/// What stands around the spans of a batch: `ExportTraceServiceRequest` with one resource and one scope.
///
/// - Source: opentelemetry-proto, trace.proto and trace_service.proto
struct TraceRequest: Sendable {
    private let resource: [UInt8]

    /// The conventions that names of attributes are from.
    static let schemaURL = "https://opentelemetry.io/schemas/1.40.0"
    private static let scope = "sluice"

    /// - Parameter resource: of two with one name the later holds.
    init(resource: [(name: String, value: String)]) {
        var writer = ProtobufWriter()
        for (index, pair) in resource.enumerated() where !resource[(index + 1)...].contains(where: { $0.name == pair.name }) {
            writer.attribute(1, pair.name, pair.value)
        }
        self.resource = writer.bytes
    }

    /// - Parameter spans: each as field 2 of its scope.
    func around(_ spans: [UInt8]) -> [UInt8] {
        var inner = ProtobufWriter()
        inner.message(1) { $0.text(1, TraceRequest.scope) }
        var end = ProtobufWriter()
        end.text(3, TraceRequest.schemaURL)
        let scopeSpans = inner.bytes + spans + end.bytes
        var request = ProtobufWriter()
        request.message(1) { resourceSpans in
            resourceSpans.bytes(1, resource)
            resourceSpans.bytes(2, scopeSpans)
            resourceSpans.text(3, TraceRequest.schemaURL)
        }
        return request.bytes
    }
}
