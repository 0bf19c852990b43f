public import Bytes
import CLinux

/// A 128-bit, time-ordered identifier: a UUID of version 7 (RFC 9562 §5.7).
///
///     48 bits: milliseconds since 1970   4: version   12: fraction of the millisecond
///      2 bits: variant                   62: random
public struct Identifier: BitwiseCopyable, Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    /// Bytes of the written form.
    public static let textByteCount = 36

    /// Appends the usual form, `01935c5e-7a1b-7c3d-9e4f-0123456789ab`.
    public func write(into writer: inout ByteWriter) {
        guard let text = writer.claim(Identifier.textByteCount) else { return }
        var at = 0
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                text[at] = UInt8(ascii: "-")
                at &+= 1
            }
            let half = nibble < 16 ? high : low
            let value = UInt8(truncatingIfNeeded: half >> UInt64(truncatingIfNeeded: 60 &- 4 &* (nibble & 15))) & 15
            text[at] = value &+ (value < 10 ? 0x30 : 0x57)
            at &+= 1
        }
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
