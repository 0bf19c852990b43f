public import Bytes

/// Reads a stream of server-sent events whole: types, data, identifiers, reconnection times.
///
/// For those who must see every event's text; a relay that only passes bytes on uses
/// `EventBoundaryScanner`. A line that stands wholly in a slice is read in place, others are collected.
/// What ends without its blank line is never given (an event cut off is no event).
/// - Source: WHATWG HTML §9.2.5, §9.2.6
public struct EventStreamParser: ~Copyable {
    private let limit: Int
    /// The start of a line whose end has not come.
    private var line = ByteStore(initialCapacity: 256)
    private var data = ByteStore(initialCapacity: 1024)
    private var type = ByteStore(initialCapacity: 32)
    private var id = ByteStore(initialCapacity: 32)
    private var isFirstLine = true
    private var endedWithCarriageReturn = false
    /// Whether the buffers hold the event given last, to be cleared before the next line.
    private var isGiven = false

    /// The reconnection time the stream asked for last, in milliseconds.
    public private(set) var retryMilliseconds: Int64?

    public init(limits: HTTPLimits = HTTPLimits()) { limit = limits.eventByteCount }

    /// The next event in `slice` from offset `start` on, or nil when the rest of it completes none.
    ///
    /// `start` is moved past what was read. Call it until it gives nil, then with the next slice from 0.
    /// - Throws: `.eventTooLarge`; the stream cannot be read on.
    public mutating func next(_ slice: ByteSlice, from start: inout Int) throws(EventStreamError) -> StreamEvent? {
        clearGiven()
        while start < slice.count {
            if endedWithCarriageReturn {
                endedWithCarriageReturn = false
                if slice[start] == ByteScan.lineFeed {
                    start += 1
                    continue
                }
            }
            let end = ByteScan.firstLineEnd(slice.base, start, slice.count)
            let run = slice[start..<end]
            guard run.count <= limit - line.count else { throw .eventTooLarge(limit: limit) }
            guard end < slice.count else {
                line.append(run)
                start = end
                break
            }
            endedWithCarriageReturn = slice[end] == ByteScan.carriageReturn
            start = end + 1
            if try finishLine(run) { return event }
        }
        return nil
    }

    /// Whether the line that ends with `run` completes an event.
    private mutating func finishLine(_ run: ByteSlice) throws(EventStreamError) -> Bool {
        if line.count == 0 { return try takeLine(run) }
        line.append(run)
        let isComplete = try takeLine(line.bytes)
        line.removeAll()
        return isComplete
    }

    private mutating func takeLine(_ bytes: ByteSlice) throws(EventStreamError) -> Bool {
        var bytes = bytes
        if isFirstLine {
            isFirstLine = false
            bytes = EventStreamParser.droppingMark(bytes)
        }
        if bytes.isEmpty { return dispatch() }
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        // A line that starts with a colon is a comment.
        if colon == 0 { return false }
        var value = bytes.dropFirst(min(colon + 1, bytes.count))
        if value.count > 0, value[0] == ByteScan.space { value = value.dropFirst(1) }
        try takeField(bytes.prefix(colon), value)
        return false
    }

    private mutating func takeField(_ name: ByteSlice, _ value: ByteSlice) throws(EventStreamError) {
        if name == "data" {
            // Each line costs its line feed too, but for the last.
            guard value.count <= limit - data.count else { throw .eventTooLarge(limit: limit) }
            data.append(value)
            data.append(ByteScan.lineFeed)
        } else if name == "event" {
            type.removeAll()
            type.append(value)
        } else if name == "id" {
            if value.firstIndex(of: 0) != nil { return }
            id.removeAll()
            id.append(value)
        } else if name == "retry" {
            if let milliseconds = value.decimal { retryMilliseconds = milliseconds }
        }
    }

    /// At a blank line. An event without data is none, but its type is forgotten and its identifier kept.
    private mutating func dispatch() -> Bool {
        if data.count == 0 {
            type.removeAll()
            return false
        }
        data.removeLast()
        isGiven = true
        return true
    }

    private var event: StreamEvent {
        StreamEvent(type: type.count == 0 ? ByteSlice("message") : type.bytes, data: data.bytes, id: id.bytes)
    }

    private mutating func clearGiven() {
        guard isGiven else { return }
        isGiven = false
        data.removeAll()
        type.removeAll()
    }

    private static func droppingMark(_ bytes: ByteSlice) -> ByteSlice {
        for index in 0..<3 where index >= bytes.count || bytes[index] != EventStream.byteOrderMark[index] {
            return bytes
        }
        return bytes.dropFirst(3)
    }
}
