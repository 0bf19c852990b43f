import Bytes
import Foundation
import Testing

/// Data sets other people made, read from outside the repository.
enum SharedData {
    static var root: String {
        ProcessInfo.processInfo.environment["SLUICE_SHARED"]
            ?? #filePath.components(separatedBy: "/Tests/JSONTests/")[0] + "/../shared"
    }

    /// The files of a folder below `data/`, by name. Where the data is missing: empty, with a line
    /// saying so, and an issue when CI is set.
    static func files(in folder: String) -> [(name: String, bytes: [UInt8])] {
        let path = "\(root)/data/\(folder)"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            print("SKIPPED: no \(path); set SLUICE_SHARED")
            if ProcessInfo.processInfo.environment["CI"] != nil { Issue.record("missing data: \(path)") }
            return []
        }
        return names.sorted().compactMap { name in
            FileManager.default.contents(atPath: "\(path)/\(name)").map { (name, [UInt8]($0)) }
        }
    }
}

/// SplitMix64, so that a printed seed brings the same run back.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    /// The seed of this run: SLUICE_SEED, or a new one. Printed, to be given again.
    static func fresh(_ what: String) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(what): SLUICE_SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }
}

/// Bytes whose end is the end of accessible memory: a read past it kills the test run.
final class GuardedBytes {
    private let region: UnsafeMutableRawPointer
    private let regionByteCount: Int
    let slice: ByteSlice

    init(_ bytes: [UInt8]) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let readable = max(1, (bytes.count + page - 1) / page) * page
        regionByteCount = readable + page
        region = mmap(nil, regionByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        precondition(region != MAP_FAILED && mprotect(region + readable, page, PROT_NONE) == 0)
        let start = (region + (readable - bytes.count)).assumingMemoryBound(to: UInt8.self)
        bytes.withUnsafeBufferPointer { if let base = $0.baseAddress { memcpy(start, base, bytes.count) } }
        slice = ByteSlice(start, count: bytes.count)
    }

    deinit { munmap(region, regionByteCount) }
}

/// Runs `body` on `bytes` set against the end of accessible memory.
func withGuarded<Result>(_ bytes: some Sequence<UInt8>, _ body: (ByteSlice) throws -> Result) rethrows -> Result {
    let guarded = GuardedBytes(Array(bytes))
    return try withExtendedLifetime(guarded) { try body(guarded.slice) }
}

/// What `body` writes, as text.
func written(capacity: Int = 4096, _ body: (inout ByteWriter) -> Void) -> String {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    defer { memory.deallocate() }
    var writer = ByteWriter(memory, capacity: capacity)
    body(&writer)
    #expect(!writer.overflowed)
    return String(writer.written)
}
