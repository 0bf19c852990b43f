public import Bytes

/// Where an event of a stream ends, and what of it can be read in place.
public struct EventBoundary: Equatable, Sendable {
    /// The offset just past the blank line that ends the event.
    public let end: Int
    /// Whether the event has a `data` field, so that a client would see it; comments alone have none.
    public let hasData: Bool
    /// The value of its only `data` line, when there is one only and all of the event stands in this slice.
    public let payload: Range<Int>?

    public init(end: Int, hasData: Bool, payload: Range<Int>?) {
        self.end = end
        self.hasData = hasData
        self.payload = payload
    }
}

/// Finds the ends of server-sent events in passing, without keeping a byte of them.
///
/// Lines end with CRLF, LF or CR, mixed as the sender likes. An event is complete with the first byte that
/// can end its blank line: after a CR, an LF that comes in the same slice belongs to the event; one that
/// comes in the next slice is skipped there. Blank lines that end nothing are passed over.
/// - Source: WHATWG HTML §9.2.5, §9.2.6
public struct EventBoundaryScanner {
    /// How much of a line's head has been seen: so many bytes of `data`, or one of the two below.
    private static let afterColon: UInt8 = 5
    private static let otherLine: UInt8 = 255

    /// Bytes of the byte order mark seen at the stream's start; 3 when it, or its absence, is settled.
    private var markByteCount: UInt8 = 0
    private var lineHead: UInt8 = 0
    private var isLineEmpty = true
    private var endedWithCarriageReturn = false
    private var hasLines = false
    private var dataLineCount: UInt8 = 0
    /// Whether the event under way started in the slice being scanned.
    private var isWhole = true
    /// Of the line under way: where its value starts, when it is a data line of this slice.
    private var valueStart = 0
    private var payload = 0..<0

    public init() {}

    /// Whether bytes of an event have been seen whose end has not.
    public var isMidway: Bool { hasLines || !isLineEmpty }

    /// Whether the next byte starts an event, whatever it is: all before it is settled, the byte order mark and a line feed after a carriage return
    /// as well. Whole events may pass then without being scanned.
    public var isBetweenEvents: Bool { !isMidway && markByteCount == 3 && !endedWithCarriageReturn }

    /// The next event's end in `slice` from offset `start` on, or nil when the rest of it holds none.
    ///
    /// Call it with the end it gave until it gives nil, then with the next slice and 0.
    public mutating func next(_ slice: ByteSlice, from start: Int = 0) -> EventBoundary? {
        let base = slice.base
        let count = slice.count
        var at = start
        while at < count {
            if endedWithCarriageReturn {
                endedWithCarriageReturn = false
                if base[at] == ByteScan.lineFeed { at &+= 1; continue }
            }
            if markByteCount < 3 {
                at = skipMark(slice, at)
                if at == count { break }
            }
            let lineEnd = ByteScan.firstLineEnd(base, at, count)
            if lineEnd > at { look(at: base, at, lineEnd) }
            guard lineEnd < count else { break }
            at = lineEnd &+ 1
            if base[lineEnd] == ByteScan.carriageReturn {
                if at == count {
                    endedWithCarriageReturn = true
                } else if base[at] == ByteScan.lineFeed {
                    at &+= 1
                }
            }
            if isLineEmpty {
                if hasLines { return finishEvent(end: at) }
            } else {
                finishLine(end: lineEnd)
            }
        }
        isWhole = !isMidway
        return nil
    }

    /// Takes note of a run of a line's bytes, without its end.
    @inline(__always)
    private mutating func look(at base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
        if isLineEmpty {
            isLineEmpty = false
            if end &- start >= 5, base[start] == UInt8(ascii: "d"), base[start &+ 1] == UInt8(ascii: "a"),
                base[start &+ 2] == UInt8(ascii: "t"), base[start &+ 3] == UInt8(ascii: "a"),
                base[start &+ 4] == UInt8(ascii: ":")
            {
                lineHead = EventBoundaryScanner.afterColon
                valueStart = start &+ 5
                if valueStart < end, base[valueStart] == ByteScan.space { valueStart &+= 1 }
                return
            }
            lineHead = 0
        }
        lookSlowly(at: base, start, end)
    }

    private mutating func lookSlowly(at base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
        let name = ByteSlice("data:")
        var at = start
        while at < end, lineHead < EventBoundaryScanner.afterColon {
            lineHead = base[at] == name[Int(lineHead)] ? lineHead &+ 1 : EventBoundaryScanner.otherLine
            at &+= 1
        }
    }

    @inline(__always)
    private mutating func finishLine(end: Int) {
        hasLines = true
        isLineEmpty = true
        let hasColon = lineHead == EventBoundaryScanner.afterColon
        // `data` alone is a data line with an empty value.
        guard hasColon || lineHead == 4 else { return }
        if dataLineCount < 2 { dataLineCount &+= 1 }
        // Only a line that started in this slice has its offset; `isWhole` tells whether it is used.
        if isWhole { payload = (hasColon ? valueStart : end)..<end }
    }

    @inline(__always)
    private mutating func finishEvent(end: Int) -> EventBoundary {
        let boundary = EventBoundary(
            end: end, hasData: dataLineCount > 0, payload: isWhole && dataLineCount == 1 ? payload : nil)
        hasLines = false
        dataLineCount = 0
        isWhole = true
        return boundary
    }

    /// Passes the byte order mark at the stream's start; bytes that only began like one are a line.
    private mutating func skipMark(_ slice: ByteSlice, _ start: Int) -> Int {
        var at = start
        while at < slice.count, markByteCount < 3 {
            guard slice[at] == EventStream.byteOrderMark[Int(markByteCount)] else {
                if markByteCount > 0 {
                    isLineEmpty = false
                    isWhole = at &- start == Int(markByteCount)
                    lineHead = EventBoundaryScanner.otherLine
                }
                markByteCount = 3
                return at
            }
            markByteCount &+= 1
            at &+= 1
        }
        return at
    }
}
