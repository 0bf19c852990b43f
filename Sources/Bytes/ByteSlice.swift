public import Glibc

/// A borrowed run of bytes: an address and a length, owning nothing.
///
/// It is valid only while its owner (a leased buffer, a snapshot, static storage) keeps the
/// memory; whoever stores one says in a comment who that is. Subscripts are unchecked in release
/// builds, like the pointer they stand for: parsers prove their bounds once, per run.
@frozen
public struct ByteSlice: BitwiseCopyable {
    public let base: UnsafePointer<UInt8>
    public let count: Int

    @inlinable @inline(__always)
    public init(_ base: UnsafePointer<UInt8>, count: Int) {
        assert(count >= 0)
        self.base = base
        self.count = count
    }

    /// The bytes of a literal, which live as long as the program.
    @inlinable @inline(__always)
    public init(_ literal: StaticString) {
        self.init(literal.utf8Start, count: literal.utf8CodeUnitCount)
    }

    @inlinable @inline(__always)
    public var isEmpty: Bool { count == 0 }

    @inlinable @inline(__always)
    public subscript(_ index: Int) -> UInt8 {
        assert(index >= 0 && index < count)
        return base[index]
    }

    /// The bytes from `lower` up to, not including, `upper`.
    @inlinable @inline(__always)
    public subscript(_ bounds: Range<Int>) -> ByteSlice {
        assert(bounds.lowerBound >= 0 && bounds.upperBound <= count)
        return ByteSlice(base + bounds.lowerBound, count: bounds.upperBound - bounds.lowerBound)
    }

    @inlinable @inline(__always)
    public func dropFirst(_ dropped: Int) -> ByteSlice { self[dropped..<count] }

    @inlinable @inline(__always)
    public func prefix(_ kept: Int) -> ByteSlice { self[0..<kept] }

    /// Where `byte` first stands, if anywhere.
    @inlinable
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard start < count, let found = memchr(base + start, Int32(byte), count - start) else { return nil }
        return UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
    }

    @inlinable
    public func hasPrefix(_ prefix: ByteSlice) -> Bool {
        count >= prefix.count && memcmp(base, prefix.base, prefix.count) == 0
    }

    @inlinable
    public func hasPrefix(_ prefix: StaticString) -> Bool { hasPrefix(ByteSlice(prefix)) }

    /// - Parameter lowercase: letters in lower case; here they may be of either.
    @inlinable
    public func hasPrefix(ignoringCase lowercase: StaticString) -> Bool {
        let count = lowercase.utf8CodeUnitCount
        return self.count >= count && prefix(count).equalsIgnoringCase(lowercase)
    }

    /// Byte equality. Not for secrets: see `equalsInConstantTime`.
    @inlinable
    public static func == (left: ByteSlice, right: ByteSlice) -> Bool {
        left.count == right.count && memcmp(left.base, right.base, left.count) == 0
    }

    @inlinable
    public static func == (left: ByteSlice, right: StaticString) -> Bool { left == ByteSlice(right) }

    /// Whether the bytes equal `lowercase` when ASCII capitals are folded; `lowercase` has none.
    @inlinable
    public func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        equalsIgnoringCase(ByteSlice(lowercase))
    }

    /// Whether the bytes equal `lowercase` when ASCII capitals are folded; `lowercase` has none.
    @inlinable
    public func equalsIgnoringCase(_ lowercase: ByteSlice) -> Bool {
        guard count == lowercase.count else { return false }
        for index in 0..<count where ASCII.lowercased(base[index]) != lowercase.base[index] { return false }
        return true
    }

    /// Equality whose time depends on the lengths alone, for secrets and digests.
    public func equalsInConstantTime(_ other: ByteSlice) -> Bool {
        guard count == other.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<count { difference |= base[index] ^ other.base[index] }
        return difference == 0
    }

    /// Without spaces and tabs at either end (OWS, RFC 9110 §5.6.3).
    @inlinable
    public var trimmed: ByteSlice {
        var lower = 0
        var upper = count
        while lower < upper, ASCII.isBlank(base[lower]) { lower += 1 }
        while upper > lower, ASCII.isBlank(base[upper - 1]) { upper -= 1 }
        return self[lower..<upper]
    }

    /// The value of a run of ASCII digits; nil when empty, when any byte is no digit, or past `Int64.max`.
    @inlinable
    public var decimal: Int64? {
        guard count > 0 else { return nil }
        var value: Int64 = 0
        for index in 0..<count {
            let digit = base[index] &- 0x30
            guard digit < 10 else { return nil }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = scaled.addingReportingOverflow(Int64(digit))
            if overflowed || carried { return nil }
            value = sum
        }
        return value
    }
}

extension String {
    /// The bytes as text, invalid UTF-8 replaced. For messages, never on the hot path.
    public init(_ bytes: ByteSlice) {
        self = String(decoding: UnsafeBufferPointer(start: bytes.base, count: bytes.count), as: UTF8.self)
    }
}

extension [UInt8] {
    /// A copy of the bytes.
    public init(_ bytes: ByteSlice) {
        self = Array(UnsafeBufferPointer(start: bytes.base, count: bytes.count))
    }

    /// Lends the elements as a slice for the length of the call.
    @inlinable
    public func withByteSlice<Result, Failure: Error>(
        _ body: (ByteSlice) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { elements throws(Failure) -> Result in
            guard let base = elements.baseAddress else { return try body(ByteSlice("")) }
            return try body(ByteSlice(base, count: elements.count))
        }
    }
}
