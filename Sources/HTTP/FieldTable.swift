public import Bytes

/// Where one field line stands in its message. Offsets count from the message's first byte.
@frozen
public struct FieldLine: BitwiseCopyable, Sendable {
    @usableFromInline let lower: UInt32
    @usableFromInline let nameEnd: UInt32
    @usableFromInline let valueStart: UInt32
    @usableFromInline let valueEnd: UInt32
    @usableFromInline let upper: UInt32
    public let name: FieldName

    /// The name's bytes, as sent.
    @inlinable
    public var nameRange: Range<Int> { Int(lower)..<Int(nameEnd) }

    /// The value's bytes, without the blanks around them.
    @inlinable
    public var valueRange: Range<Int> { Int(valueStart)..<Int(valueEnd) }

    /// The whole line, its CRLF included.
    @inlinable
    public var range: Range<Int> { Int(lower)..<Int(upper) }
}

/// The field lines of one message, as offsets into its bytes.
///
/// The memory is allocated once, for the most fields a message may have, and serves every message
/// of its owner in turn. The bytes are not kept: each accessor is handed the message's slice.
public struct FieldTable: ~Copyable {
    @usableFromInline let lines: UnsafeMutablePointer<FieldLine>
    /// One past the index of the first line of each known name; 0 when there is none.
    @usableFromInline let firsts: UnsafeMutablePointer<UInt16>
    let capacity: Int
    public private(set) var count = 0
    /// The names there are.
    public private(set) var names = FieldNameSet()

    /// - Parameter capacity: the most field lines a message may have.
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity < Int(UInt16.max), "a field table holds 1 to 65,534 lines")
        self.capacity = capacity
        lines = .allocate(capacity: capacity)
        firsts = .allocate(capacity: FieldName.count)
        firsts.initialize(repeating: 0, count: FieldName.count)
    }

    deinit {
        lines.deallocate()
        firsts.deallocate()
    }

    /// The line at `index`, in the order of arrival.
    @inlinable
    public subscript(_ index: Int) -> FieldLine {
        precondition(index >= 0 && index < count, "a field index is below the count")
        return lines[index]
    }

    /// The first line with a known name, if any. Constant time.
    @inlinable
    public func firstIndex(of name: FieldName) -> Int? {
        let next = firsts[Int(name.rawValue)]
        return next == 0 ? nil : Int(next) - 1
    }

    @inlinable
    public func contains(_ name: FieldName) -> Bool { names.contains(name) }

    /// The first line with a known name after `index`, if any.
    public func nextIndex(of name: FieldName, after index: Int) -> Int? {
        var at = index + 1
        while at < count {
            if lines[at].name == name { return at }
            at += 1
        }
        return nil
    }

    /// The value of the first line with a known name, if any.
    public func value(of name: FieldName, in message: ByteSlice) -> ByteSlice? {
        guard let index = firstIndex(of: name) else { return nil }
        return message[lines[index].valueRange]
    }

    /// The first line named `name` in any case; `name` is lower case. Linear in the number of fields.
    public func firstIndex(named name: ByteSlice, in message: ByteSlice) -> Int? {
        for index in 0..<count where message[lines[index].nameRange].equalsIgnoringCase(name) { return index }
        return nil
    }

    var isFull: Bool { count == capacity }

    mutating func removeAll() {
        count = 0
        names = FieldNameSet()
        firsts.update(repeating: 0, count: FieldName.count)
    }

    /// Adds a line; the caller has checked that there is room.
    @inline(__always)
    mutating func append(_ line: FieldLine) {
        precondition(count < capacity, "a field table has room for the fields its limit allows")
        lines[count] = line
        count &+= 1
        names.insert(line.name)
        let first = firsts + Int(line.name.rawValue)
        if first.pointee == 0 { first.pointee = UInt16(truncatingIfNeeded: count) }
    }
}

extension FieldTable {
    /// Whether `content-type` says that the body is server-sent events, whatever its parameters (WHATWG HTML §9.2.1).
    public func sayEventStream(in head: ByteSlice) -> Bool {
        value(of: .contentType, in: head)?.hasPrefix(ignoringCase: "text/event-stream") ?? false
    }

    /// Whether it says that the body is Amazon's event stream.
    public func sayAmazonEventStream(in head: ByteSlice) -> Bool {
        value(of: .contentType, in: head)?.hasPrefix(ignoringCase: "application/vnd.amazon.eventstream") ?? false
    }
}
