public import Bytes

/// One message of Amazon's event stream, `application/vnd.amazon.eventstream`. Lent by the decoder that gave it, until its next call.
///
///     4 total length │ 4 headers' length │ 4 CRC of these eight │ headers │ payload │ 4 CRC of all before it     big-endian
///     header: 1 name's length │ name │ 1 type │ value
///
/// - Source: Smithy, "Amazon Event Stream" specification; AWS docs "Event stream encoding"
public struct AmazonEvent {
    public enum Kind: UInt8, BitwiseCopyable, Sendable {
        case event
        /// One of the exceptions the operation declares.
        case exception
        /// Any other failure.
        case error
    }

    public let kind: Kind
    /// `:event-type`, `:exception-type` or `:error-code`.
    public let type: ByteSlice
    /// The payload; of an error, which has none, its `:error-message`.
    public let data: ByteSlice

    public var isFailure: Bool { kind != .event }

    /// Appends a message of this kind with the headers that are read, as providers frame it.
    public static func write(_ kind: Kind, type: ByteSlice, _ data: ByteSlice, to writer: inout ByteWriter) {
        let start = writer.count
        guard let head = writer.claim(preludeByteCount) else { return }
        switch kind {
        case .event:
            write(header: ":event-type", type, to: &writer)
            write(header: ":content-type", ByteSlice("application/json"), to: &writer)
            write(header: ":message-type", ByteSlice("event"), to: &writer)
        case .exception:
            write(header: ":exception-type", type, to: &writer)
            write(header: ":content-type", ByteSlice("application/json"), to: &writer)
            write(header: ":message-type", ByteSlice("exception"), to: &writer)
        case .error:
            write(header: ":error-code", type, to: &writer)
            write(header: ":error-message", data, to: &writer)
            write(header: ":message-type", ByteSlice("error"), to: &writer)
        }
        let headerCount = writer.count - start - preludeByteCount
        if kind != .error { writer.append(data) }
        guard !writer.overflowed else { return }
        put(writer.count - start + 4, at: head)
        put(headerCount, at: head + 4)
        put(Int(CRC32.of(ByteSlice(head, count: 8))), at: head + 8)
        let checksum = CRC32.of(ByteSlice(head, count: writer.count - start))
        if let place = writer.claim(4) { put(Int(checksum), at: place) }
    }

    static let preludeByteCount = 12
    /// Prelude and the last checksum: a message without headers and payload.
    static let leastByteCount = 16

    private static func write(header name: StaticString, _ value: ByteSlice, to writer: inout ByteWriter) {
        precondition(value.count <= Int(UInt16.max), "a header's value is told its length in 16 bits")
        writer.append(UInt8(truncatingIfNeeded: name.utf8CodeUnitCount))
        writer.append(name)
        // A string.
        writer.append(7)
        writer.append(UInt8(truncatingIfNeeded: value.count >> 8))
        writer.append(UInt8(truncatingIfNeeded: value.count))
        writer.append(value)
    }

    private static func put(_ number: Int, at place: UnsafeMutablePointer<UInt8>) {
        for index in 0..<4 { place[index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * index)) }
    }
}

/// Why an event stream of Amazon's cannot be read on.
public enum AmazonEventStreamError: Error, Equatable, Sendable {
    /// Lengths that contradict each other.
    case lengths(total: Int, headers: Int)
    case messageTooLarge(limit: Int)
    /// The prelude's checksum, or the message's.
    case checksum
    /// A header that does not fit into the headers' length, or of an unknown type.
    case header
    /// No `:message-type`, an unknown one, or none of the type that goes with it.
    case messageType

    public var message: String {
        switch self {
        case .lengths(let total, let headers): "a message of the event stream says it has \(total) bytes, \(headers) of them headers"
        case .messageTooLarge(let limit): "a message of the event stream is larger than \(limit) bytes"
        case .checksum: "a message of the event stream does not have its checksum"
        case .header: "a message of the event stream has a header that cannot be read"
        case .messageType: "a message of the event stream does not say what it is"
        }
    }
}
