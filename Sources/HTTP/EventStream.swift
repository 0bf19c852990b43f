public import Bytes

/// One event of a stream. Its slices are lent by the parser that gave it, until the parser's next call.
public struct StreamEvent {
    /// The event's type, `message` when the stream named none.
    public let type: ByteSlice
    /// The data lines, joined by line feeds. Bytes as they came; invalid UTF-8 is not replaced.
    public let data: ByteSlice
    /// The last event identifier, of this event or an earlier one; empty when there was none.
    public let id: ByteSlice
}

/// Why an event stream cannot be read on.
public enum EventStreamError: Error, Equatable, Sendable {
    /// One line, or the data of one event, has more bytes than may be kept.
    case eventTooLarge(limit: Int)

    public var message: String {
        switch self {
        case .eventTooLarge(let limit): "an event of the stream is larger than \(limit) bytes"
        }
    }
}

enum EventStream {
    /// U+FEFF in UTF-8, passed over once at a stream's start.
    static let byteOrderMark: InlineArray<3, UInt8> = [0xEF, 0xBB, 0xBF]
}
