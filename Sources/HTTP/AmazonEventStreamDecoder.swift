public import Bytes

/// Reads Amazon's event stream: each message whole, checked by both its checksums.
///
/// A message that stands wholly in a slice is read in place, others are collected. What ends in the middle of a message is never given.
/// - Source: as `AmazonEvent`
public struct AmazonEventStreamDecoder: ~Copyable {
    private let limit: Int
    /// The start of a message whose end has not come.
    private var held = ByteStore(initialCapacity: 1024)
    /// Whether `held` is the message given last, to be cleared before the next.
    private var isGiven = false

    public init(limits: HTTPLimits = HTTPLimits()) { limit = limits.eventByteCount }

    /// Whether bytes of a message have come whose end has not.
    public var isMidMessage: Bool { !isGiven && held.count > 0 }

    /// The next message in `slice` from offset `start` on, or nil when the rest of it completes none.
    ///
    /// `start` is moved past what was read. Call it until it gives nil, then with the next slice from 0.
    /// - Throws: the stream cannot be read on.
    public mutating func next(_ slice: ByteSlice, from start: inout Int) throws(AmazonEventStreamError) -> AmazonEvent? {
        if isGiven {
            isGiven = false
            held.removeAll()
        }
        if held.count == 0 {
            let rest = slice.dropFirst(start)
            if rest.count >= AmazonEvent.preludeByteCount {
                let total = try totalByteCount(rest)
                if rest.count >= total {
                    start += total
                    return try AmazonEventStreamDecoder.read(rest.prefix(total))
                }
            }
        }
        // The prelude first: what follows it is collected only when its lengths are sound.
        try collect(AmazonEvent.preludeByteCount, slice, &start)
        guard held.count >= AmazonEvent.preludeByteCount else { return nil }
        let total = try totalByteCount(held.bytes)
        try collect(total, slice, &start)
        guard held.count == total else { return nil }
        isGiven = true
        return try AmazonEventStreamDecoder.read(held.bytes)
    }

    /// Adds to what is held until it has `wanted` bytes, as far as the slice goes.
    private mutating func collect(_ wanted: Int, _ slice: ByteSlice, _ start: inout Int) throws(AmazonEventStreamError) {
        let taken = min(max(0, wanted - held.count), slice.count - start)
        guard taken > 0 else { return }
        held.append(slice[start..<start + taken])
        start += taken
    }

    /// The whole message's length, from its prelude, which is at the start of `bytes`.
    private func totalByteCount(_ bytes: ByteSlice) throws(AmazonEventStreamError) -> Int {
        let total = AmazonEventStreamDecoder.number(bytes, at: 0)
        let headers = AmazonEventStreamDecoder.number(bytes, at: 4)
        guard AmazonEventStreamDecoder.number(bytes, at: 8) == Int(CRC32.of(bytes.prefix(8))) else { throw .checksum }
        guard total >= AmazonEvent.leastByteCount, headers <= total - AmazonEvent.leastByteCount else { throw .lengths(total: total, headers: headers) }
        guard total <= limit else { throw .messageTooLarge(limit: limit) }
        return total
    }

    /// The four bytes at `offset`, which the caller knows to be there.
    private static func number(_ bytes: ByteSlice, at offset: Int) -> Int {
        var number = 0
        for index in offset..<offset + 4 { number = number << 8 | Int(bytes[index]) }
        return number
    }

    // MARK: One message

    /// Reads a message whose lengths have been judged.
    private static func read(_ message: ByteSlice) throws(AmazonEventStreamError) -> AmazonEvent {
        let end = message.count - 4
        guard number(message, at: end) == Int(CRC32.of(message.prefix(end))) else { throw .checksum }
        let headersEnd = AmazonEvent.preludeByteCount + number(message, at: 4)
        var headers = Headers()
        try headers.read(message[AmazonEvent.preludeByteCount..<headersEnd])
        let payload = message[headersEnd..<end]
        guard let kind = headers.messageType else { throw .messageType }
        if kind == "event", let type = headers.eventType { return AmazonEvent(kind: .event, type: type, data: payload) }
        if kind == "exception", let type = headers.exceptionType { return AmazonEvent(kind: .exception, type: type, data: payload) }
        if kind == "error" {
            return AmazonEvent(kind: .error, type: headers.errorCode ?? ByteSlice(""), data: headers.errorMessage ?? payload)
        }
        throw .messageType
    }

    /// The headers that say what a message is. Of two of a name the later counts.
    private struct Headers {
        var messageType: ByteSlice?
        var eventType: ByteSlice?
        var exceptionType: ByteSlice?
        var errorCode: ByteSlice?
        var errorMessage: ByteSlice?

        mutating func read(_ bytes: ByteSlice) throws(AmazonEventStreamError) {
            var at = 0
            while at < bytes.count {
                let nameCount = Int(bytes[at])
                guard nameCount > 0, nameCount + 2 <= bytes.count - at else { throw .header }
                let name = bytes[at + 1..<at + 1 + nameCount]
                let type = bytes[at + 1 + nameCount]
                at += nameCount + 2
                // True, false, byte, short, integer, long, bytes, string, timestamp, UUID.
                var valueCount: Int
                switch type {
                case 0, 1: valueCount = 0
                case 2: valueCount = 1
                case 3: valueCount = 2
                case 4: valueCount = 4
                case 5, 8: valueCount = 8
                case 9: valueCount = 16
                case 6, 7:
                    guard bytes.count - at >= 2 else { throw .header }
                    valueCount = Int(bytes[at]) << 8 | Int(bytes[at + 1])
                    at += 2
                default: throw .header
                }
                guard valueCount <= bytes.count - at else { throw .header }
                if type == 7 { note(name, bytes[at..<at + valueCount]) }
                at += valueCount
            }
        }

        private mutating func note(_ name: ByteSlice, _ value: ByteSlice) {
            if name == ":message-type" {
                messageType = value
            } else if name == ":event-type" {
                eventType = value
            } else if name == ":exception-type" {
                exceptionType = value
            } else if name == ":error-code" {
                errorCode = value
            } else if name == ":error-message" {
                errorMessage = value
            }
        }
    }
}
