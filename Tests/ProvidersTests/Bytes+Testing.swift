import Bytes
import Glibc
import Providers

/// Lends the UTF-8 of `text` for the length of the call.
func withBytes<Result>(_ text: String, _ body: (ByteSlice) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBufferPointer { try body(ByteSlice($0.baseAddress ?? ByteSlice("").base, count: $0.count)) }
}

/// What `body` writes.
func written(capacity: Int = 4096, _ body: (inout ByteWriter) throws -> Void) rethrows -> String {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(capacity, 1))
    defer { memory.deallocate() }
    var writer = ByteWriter(memory, capacity: capacity)
    try body(&writer)
    return String(writer.written)
}

extension InlineText {
    var string: String { withBytes { String($0) } }
}

/// A generator that gives the same run again for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    /// Takes the seed from `SLUICE_SEED`, or draws one and prints it.
    init(_ purpose: String) {
        let given = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) }
        seed = given ?? UInt64.random(in: 0...UInt64.max)
        state = seed
        print("\(purpose): SLUICE_SEED=\(seed)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
