import Bytes

/// The fields of one protobuf message, one after the other. Copies nothing.
/// - Source: protobuf.dev/programming-guides/encoding
struct WireReader {
    /// What a field holds, by how it is written.
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ByteSlice)
    }

    struct Field {
        let number: UInt32
        let value: Value
        /// Where the value stands in the body.
        let place: Int
    }

    private let bytes: ByteSlice
    /// Where the message begins in the body.
    private let start: Int
    private var at = 0

    init(_ bytes: ByteSlice, at start: Int = 0) {
        self.bytes = bytes
        self.start = start
    }

    /// The next field; nil at the end. Which fields are known is for the caller to say.
    mutating func next() throws(TelemetryError) -> Field? {
        guard at < bytes.count else { return nil }
        let tagPlace = at
        let tag = try varint()
        guard tag <= UInt64(UInt32.max), tag >> 3 >= 1 else { throw .wire(at: start + tagPlace, .field) }
        let place = start + at
        let number = UInt32(truncatingIfNeeded: tag >> 3)
        switch tag & 7 {
        case 0: return Field(number: number, value: .varint(try varint()), place: place)
        case 1: return Field(number: number, value: .fixed64(try fixed(8)), place: place)
        case 2:
            let count = try varint()
            guard count <= UInt64(bytes.count - at) else { throw .wire(at: place, .length) }
            let content = bytes[at..<at + Int(count)]
            defer { at += Int(count) }
            return Field(number: number, value: .bytes(content), place: start + at)
        case 5: return Field(number: number, value: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))), place: place)
        case 3, 4: throw .wire(at: start + tagPlace, .group)
        default: throw .wire(at: start + tagPlace, .kind)
        }
    }

    private mutating func varint() throws(TelemetryError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let place = at
        while at < bytes.count {
            let next = bytes[at]
            at += 1
            // The tenth byte has room for one bit.
            guard shift < 63 || next <= 1 else { throw .wire(at: start + place, .number) }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
        throw .wire(at: start + bytes.count, .cut)
    }

    /// The lowest byte comes first.
    private mutating func fixed(_ count: Int) throws(TelemetryError) -> UInt64 {
        guard bytes.count - at >= count else { throw .wire(at: start + bytes.count, .cut) }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        at += count
        return value
    }
}

/// A field as the message that it is in has it. `name` says which, where it is of another kind.
extension WireReader.Field {
    func message(_ name: StaticString) throws(TelemetryError) -> WireReader { WireReader(try content(name), at: place) }

    func content(_ name: StaticString) throws(TelemetryError) -> ByteSlice {
        guard case .bytes(let bytes) = value else { throw .member(at: place, name: "\(name)", wanted: "written with its length") }
        return bytes
    }

    /// Bytes that are no UTF-8 are replaced; what is too long is cut.
    func text(_ name: StaticString, atMost most: Int = OTLPLimits.textByteCount) throws(TelemetryError) -> String {
        KeptText.text(try content(name), atMost: most)
    }

    func fixed64(_ name: StaticString) throws(TelemetryError) -> UInt64 {
        guard case .fixed64(let number) = value else { throw .member(at: place, name: "\(name)", wanted: "a fixed number of 64 bits") }
        return number
    }

    func varint(_ name: StaticString) throws(TelemetryError) -> UInt64 {
        guard case .varint(let number) = value else { throw .member(at: place, name: "\(name)", wanted: "a number of variable length") }
        return number
    }
}
