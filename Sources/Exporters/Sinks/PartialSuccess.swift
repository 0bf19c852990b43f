/// What a collector says of spans that it took in part.
///
/// - Source: opentelemetry-proto, `ExportTraceServiceResponse.partial_success`: `rejected_spans` = 1, `error_message` = 2
struct PartialSuccess: Equatable {
    var rejected = 0
    var message = ""

    /// Nil of an answer that says nothing of it, or is none.
    ///
    /// - Parameter isCut: whether it goes on behind what is here; of a text that ends there, the beginning is read.
    init?(_ answer: [UInt8], isCut: Bool = false) {
        var outer = ProtobufReader(answer[...], isCut: isCut)
        while let field = outer.next() {
            guard field.number == 1, case .bytes(let partial) = field.value else { continue }
            var inner = ProtobufReader(partial, isCut: isCut)
            while let field = inner.next() {
                switch (field.number, field.value) {
                case (1, .number(let count)): rejected = Int(clamping: count)
                case (2, .bytes(let text)): message = String(decoding: text, as: UTF8.self)
                default: break
                }
            }
        }
        guard rejected > 0 || !message.isEmpty else { return nil }
    }
}

/// Takes a message's fields one after the other; never past its end.
struct ProtobufReader {
    enum Value: Equatable {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>
    /// Whether the message goes on behind these bytes.
    private let isCut: Bool

    init(_ message: ArraySlice<UInt8>, isCut: Bool = false) {
        rest = message
        self.isCut = isCut
    }

    /// Nil at the end, and of what is no field.
    mutating func next() -> (number: UInt64, value: Value)? {
        guard let tag = number() else { return nil }
        switch tag & 7 {
        case 0: return number().map { (tag >> 3, .number($0)) }
        case 1: return fixed(8).map { (tag >> 3, .number($0)) }
        case 5: return fixed(4).map { (tag >> 3, .number($0)) }
        case 2:
            guard let count = number(), isCut || count <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(clamping: count)) }
            return (tag >> 3, .bytes(rest.prefix(Int(clamping: count))))
        default: return nil
        }
    }

    private mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func fixed(_ count: Int) -> UInt64? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
