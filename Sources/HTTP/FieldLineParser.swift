import Bytes

/// What the next field line of a head is.
enum FieldStep {
    case needMore
    /// A line was added to the table at this index.
    case line(Int)
    /// The empty line; the head ends before this offset.
    case end(Int)
}

/// Reads the field lines of a head one by one, and can stop at any byte.
///
/// Stricter than RFC 9112 allows: folded lines, bare line feeds, blanks before the colon and control
/// bytes are errors, each raised at the byte that shows it.
/// - Source: RFC 9112 §2.2, §5; RFC 9110 §5.5, §5.6.2
struct FieldLineParser {
    private enum Phase { case lineStart, name, blank, value }

    private var phase = Phase.lineStart
    /// The next byte to look at; nothing before it is looked at again but to be trimmed.
    private var position: Int
    private var lineStart = 0
    private var nameEnd = 0
    private var valueStart = 0

    init(at position: Int) { self.position = position }

    @inline(__always)
    mutating func next(_ head: ByteSlice, into table: inout FieldTable) throws(HTTPError) -> FieldStep {
        let base = head.base
        let end = head.count
        if phase == .lineStart {
            guard position < end else { return .needMore }
            let byte = base[position]
            if byte == ByteScan.carriageReturn {
                guard position &+ 1 < end else { return .needMore }
                guard base[position &+ 1] == ByteScan.lineFeed else { throw .bareCarriageReturn(at: position) }
                return .end(position &+ 2)
            }
            if ASCII.isBlank(byte) { throw .foldedLine(at: position) }
            if table.isFull { throw .tooManyFields(limit: table.capacity) }
            lineStart = position
            phase = .name
        }
        if phase == .name {
            position = ByteScan.endOfToken(base, position, end)
            guard position < end else { return .needMore }
            guard base[position] == UInt8(ascii: ":"), position > lineStart else {
                throw FieldLineParser.nameFault(base[position], at: position)
            }
            nameEnd = position
            position &+= 1
            phase = .blank
        }
        if phase == .blank {
            while position < end, ASCII.isBlank(base[position]) { position &+= 1 }
            guard position < end else { return .needMore }
            valueStart = position
            phase = .value
        }
        position = ByteScan.firstControl(base, position, end)
        guard position < end else { return .needMore }
        guard base[position] == ByteScan.carriageReturn else { throw HTTPError.control(base[position], at: position) }
        guard position &+ 1 < end else { return .needMore }
        guard base[position &+ 1] == ByteScan.lineFeed else { throw .bareCarriageReturn(at: position) }
        return .line(finishLine(base, &table))
    }

    @inline(__always)
    private mutating func finishLine(_ base: UnsafePointer<UInt8>, _ table: inout FieldTable) -> Int {
        var valueEnd = position
        while valueEnd > valueStart, ASCII.isBlank(base[valueEnd &- 1]) { valueEnd &-= 1 }
        position &+= 2
        phase = .lineStart
        table.append(FieldLine(
            lower: UInt32(truncatingIfNeeded: lineStart), nameEnd: UInt32(truncatingIfNeeded: nameEnd),
            valueStart: UInt32(truncatingIfNeeded: valueStart), valueEnd: UInt32(truncatingIfNeeded: valueEnd),
            upper: UInt32(truncatingIfNeeded: position),
            name: FieldName.classify(base + lineStart, nameEnd &- lineStart)))
        return table.count &- 1
    }

    private static func nameFault(_ byte: UInt8, at offset: Int) -> HTTPError {
        byte == ByteScan.lineFeed ? .bareLineFeed(at: offset) : .invalidFieldName(at: offset)
    }
}

extension HTTPError {
    /// The fault of a control byte where none may be.
    static func control(_ byte: UInt8, at offset: Int) -> HTTPError {
        switch byte {
        case ByteScan.lineFeed: .bareLineFeed(at: offset)
        case ByteScan.carriageReturn: .bareCarriageReturn(at: offset)
        default: .controlByte(byte, at: offset)
        }
    }
}
