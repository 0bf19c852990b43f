public import Bytes
public import JSON
import Health
public import Patterns

/// Circumstances in which every target is free and idle: for explaining a config, and for whoever runs a program without a gateway.
///
/// Slices are borrowed: whoever calls keeps their bytes in place.
public struct PlainCircumstances: Circumstances {
    public var body = ByteSlice("")
    public var metadata = ByteSlice("")
    public var path = ByteSlice("")
    /// Names in lower case.
    public var headers: [(name: String, value: ByteSlice)] = []
    public var certificateSubject: ByteSlice?
    public var certificateNames = ByteSlice("")
    public var tenant: UInt64 = 0
    public var wallSeconds: UInt64 = 0
    /// Targets that may not be tried, each with when it may again.
    public var hindrances: [Int: UInt64] = [:]
    public var flights: [Int: Int] = [:]
    public var scores: [Int: UInt64] = [:]
    private var generator: SplitMix64
    private let scratch = SharedScratch()

    /// A scratch that copies share.
    private final class SharedScratch {
        var memory = PatternScratch()
    }

    public init(seed: UInt64 = 0) { generator = SplitMix64(seed: seed) }

    public func parameter(_ name: ByteSlice) -> JSONView? { JSONView(objectIn: body)?.child(name) }

    public func header(_ name: ByteSlice) -> ByteSlice? {
        headers.first { Array($0.name.utf8).withByteSlice { $0 == name } }?.value
    }

    public func finds(_ pattern: Pattern, in text: ByteSlice) -> Bool { pattern.matches(text, &scratch.memory) }
    public func hindrance(_ target: Int) -> UInt64 { hindrances[target] ?? 0 }
    public func inFlight(_ target: Int) -> Int { flights[target] ?? 0 }
    public func latencyScore(_ target: Int) -> UInt64 { scores[target] ?? 1 }
    public mutating func random() -> UInt64 { generator.next() }
}
