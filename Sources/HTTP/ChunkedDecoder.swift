public import Bytes

/// What the next bytes of a chunked body hold.
public enum ChunkedStep: Equatable, Sendable {
    /// Payload at these offsets of the slice; call again with what follows it.
    case payload(Range<Int>)
    /// All of the slice was framing, or payload already given.
    case needMore
    /// The body and its trailers end before this offset of the slice.
    case end(Int)
}

/// What a run over the bytes of a chunked body found.
public struct ChunkedScan: Equatable, Sendable {
    /// The bytes that belong to the body: all of the slice, unless the body ended in it.
    public let consumed: Int
    /// Payload bytes among them.
    public let payloadCount: Int
    public let ended: Bool
}

/// Reads a chunked body from slices of any size; it copies and keeps nothing but its place.
///
/// Each byte is handed in once, either to `next`, which gives the payload's runs, or to `scan`, which only
/// checks. A relay may pass the wire bytes on as they came either way. Stricter than RFC 9112 §7.1 allows: CRLF only, no blank after the
/// size or around an extension's parts, sizes of 16 digits at most and below 2⁶³, extensions and trailers
/// bounded, and no trailer field that could change what the message is. After an error the connection's
/// framing is unknown: close it.
///
///     size → (extension →) size LF → payload → payload CR → payload LF → size …
///       ↓ of zero
///     trailer start ⇄ trailer name → trailer value       → end
///       ↓
///     final LF → end
public struct ChunkedDecoder {
    @usableFromInline
    enum Phase {
        case size, sizeLineFeed
        case extensionStart, extensionName, extensionValueStart, extensionValue
        case extensionQuoted, extensionEscape, extensionQuoteEnd
        case payload, payloadCarriageReturn, payloadLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, finalLineFeed
        case ended
    }

    @usableFromInline var phase = Phase.size
    @usableFromInline var digits = 0
    /// Of the current chunk: its size while that is read, then what of it is still to come.
    private var remaining: UInt64 = 0
    /// Wire bytes of earlier slices, for the offsets in errors.
    private var earlier = 0
    private let limits: HTTPLimits
    private var extensionByteCount = 0
    private var trailers: TrailerCheck

    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        trailers = TrailerCheck()
    }

    // Inlinable, or who asks would have all of the decoder copied first.
    @inlinable
    public var isEnded: Bool { phase == .ended }

    /// Whether the next byte would start a chunk: what has been given so far can be passed on as it came.
    @inlinable
    public var isBetweenChunks: Bool { phase == .size && digits == 0 }

    /// The next run of payload in `slice`, starting at offset `start`.
    ///
    /// Call it with the upper bound of the run before until it gives `.needMore`, then with the next slice
    /// and 0.
    public mutating func next(_ slice: ByteSlice, from start: Int = 0) throws(HTTPError) -> ChunkedStep {
        var at = start
        while at < slice.count {
            if phase == .payload {
                let run = at..<(at &+ takePayload(slice.count &- at))
                if run.upperBound == slice.count { earlier &+= slice.count }
                return .payload(run)
            }
            if phase == .ended { break }
            at = try readFraming(slice, at)
        }
        if phase == .ended { return .end(at) }
        // A run that reached the slice's end has been counted when it was given.
        if start < slice.count { earlier &+= slice.count }
        return .needMore
    }

    /// Checks all of `slice`, for a relay that passes the body's wire bytes on as they came.
    public mutating func scan(_ slice: ByteSlice) throws(HTTPError) -> ChunkedScan {
        var at = 0
        var payloadCount = 0
        while at < slice.count, phase != .ended {
            if phase == .payload {
                let taken = takePayload(slice.count &- at)
                payloadCount &+= taken
                at &+= taken
            } else {
                at = try readFraming(slice, at)
            }
        }
        earlier &+= at
        return ChunkedScan(consumed: at, payloadCount: payloadCount, ended: phase == .ended)
    }

    /// The payload of the chunk that stands at offset `start` of `slice`, if all of it does, the CRLF behind it as well, and its size line has
    /// nothing but a short size. Changes nothing: for a relay that passes whole chunks on as they came, from between two chunks on, and then
    /// tells so by `skip`.
    @inline(__always)
    public static func wholeChunk(in slice: ByteSlice, from start: Int) -> Range<Int>? {
        guard let (size, payload) = plainSize(slice, start), size > 0, size <= UInt64(slice.count &- payload) else { return nil }
        let end = payload &+ Int(truncatingIfNeeded: size)
        guard end <= slice.count &- 2, slice.base[end] == ByteScan.carriageReturn, slice.base[end &+ 1] == ByteScan.lineFeed else { return nil }
        return payload..<end
    }

    /// Counts bytes of whole chunks that this decoder was not given, for the offsets in errors.
    public mutating func skip(_ byteCount: Int) { earlier &+= byteCount }

    /// Takes at most `available` bytes of the chunk; returns how many.
    @inline(__always)
    private mutating func takePayload(_ available: Int) -> Int {
        let taken = Int(truncatingIfNeeded: min(UInt64(truncatingIfNeeded: available), remaining))
        remaining &-= UInt64(truncatingIfNeeded: taken)
        if remaining == 0 { phase = .payloadCarriageReturn }
        return taken
    }

    /// Reads framing from `start` until payload, the end, or the slice's end; returns the offset reached.
    @inline(__always)
    private mutating func readFraming(_ slice: ByteSlice, _ start: Int) throws(HTTPError) -> Int {
        let end = slice.count
        var at = start
        while at < end {
            let byte = slice.base[at]
            switch phase {
            case .size:
                if digits == 0, let payload = takeSizeLine(slice, at) {
                    at = payload
                    if phase == .payload { return at }
                    continue
                }
                if let value = ASCII.hexValue(byte) {
                    // The sixteenth digit may pass 2⁶³ but never 2⁶⁴.
                    guard digits < 16 else { throw .chunkSizeOverflow(at: earlier &+ at) }
                    digits &+= 1
                    remaining = remaining << 4 | UInt64(value)
                    guard remaining <= UInt64(Int64.max) else { throw .chunkSizeOverflow(at: earlier &+ at) }
                } else if digits == 0 {
                    throw .invalidChunkSize(at: earlier &+ at)
                } else if byte == ByteScan.carriageReturn {
                    phase = .sizeLineFeed
                } else if byte == UInt8(ascii: ";") {
                    phase = .extensionStart
                } else {
                    throw fault(byte, .invalidChunkSize(at: earlier &+ at), at)
                }
                at &+= 1
            case .sizeLineFeed:
                guard byte == ByteScan.lineFeed else { throw .bareCarriageReturn(at: earlier &+ at &- 1) }
                at &+= 1
                digits = 0
                phase = remaining == 0 ? .trailerStart : .payload
                if phase == .payload { return at }
            case .payloadCarriageReturn:
                guard byte == ByteScan.carriageReturn else { throw .unterminatedChunk(at: earlier &+ at) }
                at &+= 1
                phase = .payloadLineFeed
                if at < end, slice.base[at] == ByteScan.lineFeed {
                    at &+= 1
                    phase = .size
                }
            case .payloadLineFeed:
                guard byte == ByteScan.lineFeed else { throw .unterminatedChunk(at: earlier &+ at) }
                phase = .size
                at &+= 1
            case .extensionStart, .extensionName, .extensionValueStart, .extensionValue,
                .extensionQuoted, .extensionEscape, .extensionQuoteEnd:
                try readExtension(byte, at)
                at &+= 1
            case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .finalLineFeed:
                try readTrailer(byte, at)
                at &+= 1
                if phase == .ended { return at }
            case .payload, .ended:
                return at
            }
        }
        return at
    }

    /// Past a size line that is whole in this slice and has nothing but a short size, as nearly all are; nil leaves it to the states.
    @inline(__always)
    private mutating func takeSizeLine(_ slice: ByteSlice, _ start: Int) -> Int? {
        guard let (size, payload) = ChunkedDecoder.plainSize(slice, start) else { return nil }
        remaining = size
        phase = size == 0 ? .trailerStart : .payload
        return payload
    }

    /// A size line that is whole in this slice and has nothing but a short size: what it says, and where it ends.
    @inline(__always)
    private static func plainSize(_ slice: ByteSlice, _ start: Int) -> (size: UInt64, end: Int)? {
        var size: UInt64 = 0
        var at = start
        // Eight digits fit whatever they are.
        let last = min(slice.count &- 2, start &+ 8)
        while at < last, let value = ASCII.hexValue(slice.base[at]) {
            size = size << 4 | UInt64(value)
            at &+= 1
        }
        guard at > start, at <= slice.count &- 2, slice.base[at] == ByteScan.carriageReturn, slice.base[at &+ 1] == ByteScan.lineFeed else { return nil }
        return (size, at &+ 2)
    }

    /// `;name`, `;name=token` or `;name="quoted"`, without blanks (RFC 9112 §7.1.1).
    private mutating func readExtension(_ byte: UInt8, _ at: Int) throws(HTTPError) {
        extensionByteCount += 1
        if extensionByteCount > limits.chunkExtensionByteCount {
            throw .chunkExtensionsTooLong(limit: limits.chunkExtensionByteCount)
        }
        switch phase {
        case .extensionStart where ByteScan.isToken(byte): phase = .extensionName
        case .extensionName where ByteScan.isToken(byte): break
        case .extensionName where byte == UInt8(ascii: "="): phase = .extensionValueStart
        case .extensionValueStart where byte == UInt8(ascii: "\""): phase = .extensionQuoted
        case .extensionValueStart where ByteScan.isToken(byte): phase = .extensionValue
        case .extensionValue where ByteScan.isToken(byte): break
        case .extensionQuoted where byte == UInt8(ascii: "\""): phase = .extensionQuoteEnd
        case .extensionQuoted where byte == UInt8(ascii: "\\"): phase = .extensionEscape
        case .extensionQuoted where !ByteScan.isControl(byte): break
        case .extensionEscape where !ByteScan.isControl(byte): phase = .extensionQuoted
        case .extensionName where byte == UInt8(ascii: ";"), .extensionValue where byte == UInt8(ascii: ";"),
            .extensionQuoteEnd where byte == UInt8(ascii: ";"):
            phase = .extensionStart
        case .extensionName where byte == ByteScan.carriageReturn,
            .extensionValue where byte == ByteScan.carriageReturn,
            .extensionQuoteEnd where byte == ByteScan.carriageReturn:
            phase = .sizeLineFeed
        default: throw fault(byte, .invalidChunkExtension(at: earlier + at), at)
        }
    }

    private mutating func readTrailer(_ byte: UInt8, _ at: Int) throws(HTTPError) {
        let offset = earlier + at
        trailers.byteCount += 1
        if trailers.byteCount > limits.trailerByteCount { throw .trailersTooLong(limit: limits.trailerByteCount) }
        switch phase {
        case .trailerStart:
            if byte == ByteScan.carriageReturn {
                phase = .finalLineFeed
            } else if ASCII.isBlank(byte) {
                throw .foldedLine(at: offset)
            } else {
                guard ByteScan.isToken(byte) else { throw fault(byte, .invalidFieldName(at: offset), at) }
                if trailers.fieldCount == limits.fieldCount { throw .tooManyFields(limit: limits.fieldCount) }
                trailers.startField(byte, at: offset)
                phase = .trailerName
            }
        case .trailerName:
            if byte == UInt8(ascii: ":") {
                if let name = trailers.forbiddenName { throw .forbiddenTrailer(name, at: trailers.fieldStart) }
                phase = .trailerValue
            } else {
                guard ByteScan.isToken(byte) else { throw fault(byte, .invalidFieldName(at: offset), at) }
                trailers.continueName(byte)
            }
        case .trailerValue:
            if byte == ByteScan.carriageReturn {
                phase = .trailerLineFeed
            } else if ByteScan.isControl(byte) {
                throw .control(byte, at: offset)
            }
        default:
            guard byte == ByteScan.lineFeed else { throw .bareCarriageReturn(at: offset - 1) }
            phase = phase == .finalLineFeed ? .ended : .trailerStart
        }
    }

    private func fault(_ byte: UInt8, _ other: HTTPError, _ at: Int) -> HTTPError {
        ByteScan.isControl(byte) && byte != ByteScan.carriageReturn ? .control(byte, at: earlier &+ at) : other
    }
}
