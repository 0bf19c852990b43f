public import Bytes
import CLinux

/// A 128-bit, time-ordered identifier: a UUID of version 7 (RFC 9562 §5.7).
///
///     48 bits: milliseconds since 1970   4: version   12: fraction of the millisecond
///      2 bits: variant                   62: random
public struct Identifier: BitwiseCopyable, Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    /// One that was made before, and kept.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// One in its usual form; nil for what is none.
    public init?(text: ByteSlice) {
        guard text.count == Identifier.textByteCount else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<text.count {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard text[index] == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = ASCII.hexValue(text[index]) else { return nil }
            words = (words.0 << 4 | words.1 >> 60, words.1 << 4 | UInt64(digit))
        }
        self.init(high: words.0, low: words.1)
    }

    /// Bytes of the written form.
    public static let textByteCount = 36

    /// Appends the usual form, `01935c5e-7a1b-7c3d-9e4f-0123456789ab`.
    public func write(into writer: inout ByteWriter) {
        guard let text = writer.claim(Identifier.textByteCount) else { return }
        let out = UnsafeMutableRawPointer(text)
        let second = Identifier.digits(UInt32(truncatingIfNeeded: high))
        let third = Identifier.digits(UInt32(truncatingIfNeeded: low >> 32))
        out.storeBytes(of: Identifier.digits(UInt32(truncatingIfNeeded: high >> 32)), as: UInt64.self)
        out.storeBytes(of: UInt32(truncatingIfNeeded: second), toByteOffset: 9, as: UInt32.self)
        out.storeBytes(of: UInt32(truncatingIfNeeded: second >> 32), toByteOffset: 14, as: UInt32.self)
        out.storeBytes(of: UInt32(truncatingIfNeeded: third), toByteOffset: 19, as: UInt32.self)
        out.storeBytes(of: UInt32(truncatingIfNeeded: third >> 32), toByteOffset: 24, as: UInt32.self)
        out.storeBytes(of: Identifier.digits(UInt32(truncatingIfNeeded: low)), toByteOffset: 28, as: UInt64.self)
        text[8] = UInt8(ascii: "-")
        text[13] = UInt8(ascii: "-")
        text[18] = UInt8(ascii: "-")
        text[23] = UInt8(ascii: "-")
    }

    /// The eight lower-case hexadecimal digits of `word`, the first in the lowest byte.
    private static func digits(_ word: UInt32) -> UInt64 {
        // Each nibble into a byte of its own, all at once; then ten and above move up to the letters.
        var spread = UInt64(word)
        spread = (spread << 16 | spread) & 0x0000_FFFF_0000_FFFF
        spread = (spread << 8 | spread) & 0x00FF_00FF_00FF_00FF
        spread = (spread << 4 | spread) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).byteSwapped
    }
}

extension Identifier: Comparable {
    public static func < (left: Identifier, right: Identifier) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

extension Identifier: CustomStringConvertible {
    public var description: String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Identifier.textByteCount) { memory in
            guard let base = memory.baseAddress else { return "" }
            var writer = ByteWriter(base, capacity: memory.count)
            write(into: &writer)
            return String(writer.written)
        }
    }
}

/// Makes identifiers, each greater than the one before, for one worker.
///
/// Random bytes are fetched in blocks, so a worker pays a system call every few hundred requests. Two
/// workers' identifiers are told apart by 62 random bits.
public struct IdentifierMaker: ~Copyable {
    private let block: UnsafeMutableRawPointer
    private var used = 0
    /// Time of the last identifier: milliseconds, then 12 bits of their fraction.
    private var lastTime: UInt64 = 0

    /// - Throws: when the kernel has no random bytes to give.
    public init() throws(RandomSourceError) {
        block = .allocate(byteCount: LedgerLimits.randomBlockByteCount, alignment: 8)
        let result = linux_random(block, LedgerLimits.randomBlockByteCount)
        if result != 0 {
            block.deallocate()
            throw RandomSourceError(code: -result)
        }
    }

    deinit { block.deallocate() }

    /// The next identifier at this wall-clock time. A clock set back does not take the order with
    /// it: time then stands still, in steps of a quarter of a microsecond, until it catches up.
    public mutating func next(wallNanoseconds: UInt64) -> Identifier {
        let milliseconds = (wallNanoseconds / 1_000_000) & 0xFFFF_FFFF_FFFF
        let fraction = (wallNanoseconds % 1_000_000) * 4096 / 1_000_000
        let time = max(milliseconds << 12 | fraction, lastTime &+ 1)
        lastTime = time
        return Identifier(
            high: (time >> 12) << 16 | 0x7000 | time & 0xFFF,
            low: random() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// Eight random bytes: also the parent identifier of a trace that starts here.
    public mutating func random() -> UInt64 {
        if used == LedgerLimits.randomBlockByteCount {
            let result = linux_random(block, LedgerLimits.randomBlockByteCount)
            precondition(result == 0, "the random source that answered once cannot fail later (getrandom(2))")
            used = 0
        }
        defer { used += 8 }
        return block.load(fromByteOffset: used, as: UInt64.self)
    }
}
