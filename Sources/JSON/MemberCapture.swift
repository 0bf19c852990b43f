public import Bytes

/// Follows one JSON object that arrives in pieces and keeps the value of one top-level member.
///
/// It watches strings and depth and judges little else: made for answers that are passed on
/// whatever they hold, such as the `usage` of a completion. Any bytes are safe; where they are no
/// object it says `isMalformed` and looks at no more. Of a member given twice the last value counts,
/// as for most readers.
///
/// The storage is allocated once. `reset` before each text.
public struct MemberCapture: ~Copyable {
    /// What the next byte is looked at for.
    ///
    ///     start ─{─▶ firstKey ─"─▶ key ─"─▶ colon ─:─▶ valueStart ─▶ scalar, string or nested ─▶ comma
    ///                    │          ▲                                                            │ │
    ///                    }          └──────────────────"── nextKey ◀───────────── , ─────────────┘ }
    ///                    ▼                                                                         ▼
    ///                 finished                                                                 finished
    private enum Place {
        case start, firstKey, nextKey, key, keyEscape, colon, valueStart
        case scalar, string, stringEscape, nested, nestedString, nestedEscape
        case comma, finished, malformed
    }

    private let name: ByteSlice
    private var place = Place.start
    /// Objects and arrays open inside the value.
    private var depth = 0
    private var keyHasEscapes = false
    /// Whether the value under way is the wanted one.
    private var isWanted = false
    /// What earlier pieces held of the key, and of the value, under way.
    private var keyStore: ByteWriter
    private var valueStore: ByteWriter
    /// The last wanted value that closed: its place in the piece in which it did.
    private var found: Range<Int>?

    /// Whether the object has closed.
    public var isComplete: Bool { place == .finished }
    /// Whether the bytes are no JSON object, as far as they were looked at.
    public var isMalformed: Bool { place == .malformed }
    /// Whether the value was there but had more bytes than the limit.
    public private(set) var isTooLong = false

    /// - Parameters:
    ///   - name: the wanted member's name, decoded.
    ///   - limit: most bytes of a value that is kept.
    public init(_ name: StaticString, limit: Int = JSONLimits.capturedByteCount) {
        precondition(limit > 0, "a capture keeps bytes")
        self.name = ByteSlice(name)
        // An escaped spelling takes at most six bytes (`\u0075`) a byte of the name.
        let keyByteCount = self.name.count * 6
        keyStore = ByteWriter(.allocate(capacity: max(keyByteCount, 1)), capacity: keyByteCount)
        valueStore = ByteWriter(.allocate(capacity: limit), capacity: limit)
    }

    deinit {
        keyStore.base.deallocate()
        valueStore.base.deallocate()
    }

    /// Forgets the text so far.
    public mutating func reset() {
        place = .start
        isWanted = false
        isTooLong = false
        found = nil
        valueStore = ByteWriter(valueStore.base, capacity: valueStore.capacity)
    }

    /// The value, once all of it has been fed; valid until the next call of `feed`, `range` or `reset`.
    public var value: ByteSlice? { found == nil || isTooLong ? nil : valueStore.written }

    /// Looks at the next piece of the text.
    public mutating func feed(_ piece: ByteSlice) { follow(piece, copying: true) }

    /// Where the wanted value stands in a text that is here as a whole. Copies nothing, has no limit.
    public mutating func range(in whole: ByteSlice) -> Range<Int>? {
        reset()
        follow(whole, copying: false)
        let range = found
        // Nothing was stored, so `value` has nothing to tell.
        found = nil
        return range
    }

    private mutating func follow(_ piece: ByteSlice, copying: Bool) {
        var at = 0
        // Where the key or value under way starts in this piece.
        var start = 0
        while at < piece.count {
            let byte = piece[at]
            switch place {
            case .finished, .malformed: return
            case .key:
                at = stringStop(piece, at, ended: .colon, escaped: .keyEscape)
                if place == .keyEscape { keyHasEscapes = true }
                if place == .colon { closeKey(piece[start..<at - 1]) }
            case .string:
                at = stringStop(piece, at, ended: .comma, escaped: .stringEscape)
                if place == .comma { closeValue(piece, start..<at, copying) }
            case .nestedString: at = stringStop(piece, at, ended: .nested, escaped: .nestedEscape)
            case .keyEscape: at = resume(.key, at)
            case .stringEscape: at = resume(.string, at)
            case .nestedEscape: at = resume(.nestedString, at)
            case .nested:
                at = nestedStop(piece, at)
                if place == .comma { closeValue(piece, start..<at, copying) }
            case .scalar:
                if isScalar(byte) {
                    at += 1
                } else {
                    closeValue(piece, start..<at, copying)
                    place = .comma
                }
            case .start, .firstKey, .nextKey, .colon, .valueStart, .comma:
                if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                    at += 1
                    continue
                }
                start = step(byte, at)
                at += 1
            }
        }
        keep(piece, from: start, copying)
    }

    /// Takes a byte between strings and values; returns where the key or value it opens starts.
    private mutating func step(_ byte: UInt8, _ at: Int) -> Int {
        switch (place, byte) {
        case (.start, UInt8(ascii: "{")): place = .firstKey
        case (.firstKey, UInt8(ascii: "}")), (.comma, UInt8(ascii: "}")): place = .finished
        case (.comma, UInt8(ascii: ",")): place = .nextKey
        case (.colon, UInt8(ascii: ":")): place = .valueStart
        case (.firstKey, UInt8(ascii: "\"")), (.nextKey, UInt8(ascii: "\"")):
            place = .key
            keyHasEscapes = false
            keyStore = ByteWriter(keyStore.base, capacity: keyStore.capacity)
            return at + 1
        case (.valueStart, _): place = valuePlace(byte)
        default: place = .malformed
        }
        return at
    }

    private mutating func valuePlace(_ byte: UInt8) -> Place {
        switch byte {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth = 1
            return .nested
        default: return isScalar(byte) ? .scalar : .malformed
        }
    }

    /// A byte of a number, true, false or null.
    private func isScalar(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: ".")
    }

    /// Past the next quote or backslash, or the end of the piece.
    @inline(__always)
    private mutating func stringStop(_ piece: ByteSlice, _ at: Int, ended: Place, escaped: Place) -> Int {
        let stop = firstIndex(of: QuoteOrBackslash.self, in: piece.base, from: at, to: piece.count)
        if stop == piece.count { return stop }
        place = piece[stop] == UInt8(ascii: "\"") ? ended : escaped
        return stop + 1
    }

    @inline(__always)
    private mutating func resume(_ place: Place, _ at: Int) -> Int {
        self.place = place
        return at + 1
    }

    /// Past the next bracket or opening quote, or the end of the piece.
    @inline(__always)
    private mutating func nestedStop(_ piece: ByteSlice, _ at: Int) -> Int {
        let stop = firstIndex(of: QuoteOrBracket.self, in: piece.base, from: at, to: piece.count)
        if stop == piece.count { return stop }
        switch piece[stop] {
        case UInt8(ascii: "\""): place = .nestedString
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        default:
            depth -= 1
            if depth == 0 { place = .comma }
        }
        return stop + 1
    }

    private mutating func closeKey(_ part: ByteSlice) {
        if keyStore.count == 0, !keyStore.overflowed {
            isWanted = JSONString(content: part, hasEscapes: keyHasEscapes) == name
        } else {
            keyStore.append(part)
            isWanted = !keyStore.overflowed && JSONString(content: keyStore.written, hasEscapes: keyHasEscapes) == name
        }
        if isWanted {
            found = nil
            isTooLong = false
            valueStore = ByteWriter(valueStore.base, capacity: valueStore.capacity)
        }
    }

    private mutating func closeValue(_ piece: ByteSlice, _ range: Range<Int>, _ copying: Bool) {
        guard isWanted else { return }
        isWanted = false
        found = range
        guard copying else { return }
        valueStore.append(piece[range])
        isTooLong = valueStore.overflowed
    }

    /// Stores what the piece holds of a key or value that goes on in the next.
    private mutating func keep(_ piece: ByteSlice, from start: Int, _ copying: Bool) {
        guard copying else { return }
        switch place {
        case .key, .keyEscape: keyStore.append(piece.dropFirst(start))
        case .scalar, .string, .stringEscape, .nested, .nestedString, .nestedEscape:
            guard isWanted else { return }
            valueStore.append(piece.dropFirst(start))
            isTooLong = valueStore.overflowed
        default: break
        }
    }
}
