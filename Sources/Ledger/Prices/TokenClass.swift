public import Providers

/// What a token is, to who charges for it.
public enum TokenClass: Int, CaseIterable, Sendable {
    case input, cachedRead, cacheWrite5m, cacheWrite1h
    case audioInput, audioCached, imageInput, imageCached
    case output, reasoning, audioOutput, imageOutput

    static let count = 12

    /// Its name in a price book.
    public var name: StaticString {
        switch self {
        case .input: "input"
        case .cachedRead: "cached"
        case .cacheWrite5m: "cache_write_5m"
        case .cacheWrite1h: "cache_write_1h"
        case .audioInput: "audio_input"
        case .audioCached: "audio_cached"
        case .imageInput: "image_input"
        case .imageCached: "image_cached"
        case .output: "output"
        case .reasoning: "reasoning"
        case .audioOutput: "audio_output"
        case .imageOutput: "image_output"
        }
    }
}

/// Some of the classes.
public struct TokenClassSet: OptionSet, BitwiseCopyable, Sendable {
    public let rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable
    public init(_ kind: TokenClass) { rawValue = 1 << UInt16(truncatingIfNeeded: kind.rawValue) }

    public static let all = TokenClassSet(rawValue: (1 << 12) - 1)
    /// What a prompt can consist of.
    public static let inputs = TokenClassSet(rawValue: 0xFF)
    /// What a text comes to, as a prompt and as an answer.
    public static let text = TokenClassSet([TokenClassSet(.input), TokenClassSet(.cachedRead), TokenClassSet(.output), TokenClassSet(.reasoning)])
    /// What an answer can consist of.
    public static let outputs = TokenClassSet(rawValue: 0xF00)

    @inlinable
    public func contains(_ kind: TokenClass) -> Bool { rawValue >> UInt16(truncatingIfNeeded: kind.rawValue) & 1 == 1 }
}

/// How many tokens of each class.
public struct TokenCounts: BitwiseCopyable, Sendable {
    private var counts = InlineArray<12, Int64>(repeating: 0)

    public init() {}

    public init(_ usage: Usage) {
        self[.input] = usage.input
        self[.cachedRead] = usage.cachedRead
        self[.cacheWrite5m] = usage.cacheWrite5m
        self[.cacheWrite1h] = usage.cacheWrite1h
        self[.audioInput] = usage.audioInput
        self[.audioCached] = usage.audioCached
        self[.imageInput] = usage.imageInput
        self[.imageCached] = usage.imageCached
        self[.output] = usage.output
        self[.reasoning] = usage.reasoning
        self[.audioOutput] = usage.audioOutput
        self[.imageOutput] = usage.imageOutput
    }

    /// A count; below 0 it reads as 0.
    public subscript(_ kind: TokenClass) -> Int64 {
        get { max(counts[kind.rawValue], 0) }
        set { counts[kind.rawValue] = newValue }
    }

    /// All that went in, which is what bands of a price go by.
    public var inputTotal: Int64 {
        var sum: Int64 = 0
        // The inputs come first.
        for index in 0..<8 {
            let (total, overflowed) = sum.addingReportingOverflow(max(counts[index], 0))
            sum = overflowed ? .max : total
        }
        return sum
    }

    /// Lends all counts, by the class's raw value: read one by one, each would have all of them copied first.
    @inline(__always)
    func withCounts<Result>(_ body: (UnsafeBufferPointer<Int64>) -> Result) -> Result {
        withUnsafeBytes(of: counts) { body($0.assumingMemoryBound(to: Int64.self)) }
    }
}
