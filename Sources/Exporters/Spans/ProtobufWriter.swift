/// Writes a message's fields as Protocol Buffers have them.
///
/// - Source: protobuf.dev/programming-guides/encoding
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number(_ field: UInt64, _ value: UInt64) {
        append(field << 3)
        append(value)
    }

    mutating func fixed(_ field: UInt64, _ value: UInt64) {
        append(field << 3 | 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func double(_ field: UInt64, _ value: Double) { fixed(field, value.bitPattern) }

    mutating func text(_ field: UInt64, _ value: String) {
        append(field << 3 | 2)
        append(UInt64(value.utf8.count))
        bytes += value.utf8
    }

    mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
        append(field << 3 | 2)
        append(UInt64(value.count))
        bytes += value
    }

    /// A message within this one.
    mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        bytes(field, inner.bytes)
    }

    private mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// What attributes of OpenTelemetry are written with.
///
/// - Source: opentelemetry-proto, common.proto: `KeyValue`, `AnyValue`
extension ProtobufWriter {
    mutating func attribute(_ field: UInt64, _ name: String, _ value: (inout ProtobufWriter) -> Void) {
        message(field) { pair in
            pair.text(1, name)
            pair.message(2, value)
        }
    }

    mutating func attribute(_ field: UInt64, _ name: String, _ text: String) { attribute(field, name) { $0.text(1, text) } }
}
