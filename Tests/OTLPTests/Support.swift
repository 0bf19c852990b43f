import Bytes
@testable import OTLP

/// A message of protobuf, written field by field.
struct Message {
    private(set) var bytes: [UInt8] = []

    static func varint(_ number: UInt64) -> [UInt8] {
        var (rest, bytes) = (number, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(truncatingIfNeeded: rest)]
    }

    func varint(_ field: UInt64, _ number: UInt64) -> Message { adding(Message.varint(field << 3) + Message.varint(number)) }
    func fixed64(_ field: UInt64, _ number: UInt64) -> Message {
        adding(Message.varint(field << 3 | 1) + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
    }
    func fixed32(_ field: UInt64, _ number: UInt32) -> Message {
        adding(Message.varint(field << 3 | 5) + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
    }
    func bytes(_ field: UInt64, _ content: [UInt8]) -> Message { adding(Message.varint(field << 3 | 2) + Message.varint(UInt64(content.count)) + content) }
    func text(_ field: UInt64, _ text: String) -> Message { bytes(field, Array(text.utf8)) }
    func message(_ field: UInt64, _ message: Message) -> Message { bytes(field, message.bytes) }

    func adding(_ more: [UInt8]) -> Message {
        var message = self
        message.bytes += more
        return message
    }

    /// Attributes at a field, and their values.
    func attributes(_ field: UInt64, _ attributes: [Attribute]) -> Message {
        attributes.reduce(self) { $0.message(field, Message(attribute: $1)) }
    }

    init() {}

    init(attribute: Attribute) { self = Message().text(1, attribute.name).message(2, Message(value: attribute.value)) }

    init(value: AttributeValue) {
        switch value {
        case .text(let text): self = Message().text(1, text)
        case .flag(let flag): self = Message().varint(2, flag ? 1 : 0)
        case .integer(let number): self = Message().varint(3, UInt64(bitPattern: number))
        case .number(let number): self = Message().fixed64(4, number.bitPattern)
        case .list(let elements): self = Message().message(5, elements.reduce(Message()) { $0.message(1, Message(value: $1)) })
        case .map(let members): self = Message().message(6, Message().attributes(1, members))
        case .nothing: self = Message()
        }
    }
}

/// A request with one span, or one record, of one resource.
func request(_ leaf: Message, resource: [Attribute] = []) -> [UInt8] {
    let scope = Message().message(1, Message().text(1, "a library").text(2, "1.0")).message(2, leaf).text(3, "https://opentelemetry.io/schemas/1.40.0")
    return Message().message(1, Message().message(1, Message().attributes(1, resource)).message(2, scope)).bytes
}

func readSpans(
    _ body: [UInt8], _ encoding: TelemetryEncoding = .protobuf, contents: ((String) -> Bool)? = nil
) throws(TelemetryError) -> [Span] {
    var spans: [Span] = []
    try body.withByteSlice { (body) throws(TelemetryError) in
        _ = try TelemetryReader(encoding, contents: contents) { _ in true }.spans(body) { spans.append($0) }
    }
    return spans
}

func readLogs(_ body: [UInt8], _ encoding: TelemetryEncoding = .protobuf) throws(TelemetryError) -> [LogRecord] {
    var records: [LogRecord] = []
    try body.withByteSlice { (body) throws(TelemetryError) in _ = try TelemetryReader(encoding) { _ in true }.logs(body) { records.append($0) } }
    return records
}

/// Numbers that a seed tells.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func roll(_ count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, count)))
    }
}
