import Bytes
import Foundation
import Testing

@testable import HTTP2

@Suite("HTTP/2 seeded fuzz rounds")
struct FuzzRoundsTests {
    @Test("no mutated connection breaks an invariant")
    func mutated() {
        var random = SeededGenerator.announced("HTTP/2")
        for _ in 0..<1500 {
            var frames = FuzzRoundsTests.connection(&random)
            FuzzRoundsTests.mutate(&frames, &random)
            ([UInt8.random(in: 0...255, using: &random)] + frames).withByteSlice { fuzzHTTP2($0) }
        }
    }

    @Test("no mutated connection of a server breaks an invariant")
    func mutatedServer() {
        var random = SeededGenerator.announced("HTTP/2 client")
        for _ in 0..<1500 {
            var frames = FuzzRoundsTests.answers(&random)
            FuzzRoundsTests.mutate(&frames, &random)
            ([UInt8.random(in: 0...255, using: &random)] + frames).withByteSlice { fuzzHTTP2Client($0) }
        }
    }

    /// Frames as a server might send them, in an order it might not.
    private static func answers(_ random: inout SeededGenerator) -> [UInt8] {
        let writer = FrameWriter.server()
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let stream = UInt32.random(in: 0...8, using: &random) * 2 + 1
            let end = Bool.random(using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: writer.headers(stream, [(":status", "200"), ("content-type", "a")], end: end)
            case 2: writer.headers(stream, [(":status", "200"), ("content-length", "5")], end: false).data(stream, "hello", end: true)
            case 3: writer.headers(stream, [(":status", "103")], end: false)
            case 4: writer.data(stream, "hello", end: end)
            case 5: writer.reset(stream, UInt32.random(in: 0...9, using: &random))
            case 6: writer.goaway(stream)
            case 7: writer.frame(8, 0, stream, FrameWriter.number(UInt32.random(in: 0...0x7FFF_FFFF, using: &random)))
            case 8: writer.frame(4, 0, 0, [0, 3, 0, 0, 0, UInt8.random(in: 0...255, using: &random)])
            case 9: writer.headers(stream, [("x", "y")], end: end)
            case 10: writer.headers(stream, [(":status", "204")], end: end)
            default: writer.frame(UInt8.random(in: 0...20, using: &random), UInt8.random(in: 0...255, using: &random), stream, [1, 2, 3, 4])
            }
        }
        return writer.take()
    }

    private static func mutate(_ frames: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 0...4, using: &random) where !frames.isEmpty {
            let at = Int.random(in: 0..<frames.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: frames[at] = UInt8.random(in: 0...255, using: &random)
            case 1: frames.remove(at: at)
            case 2: frames.insert(UInt8.random(in: 0...255, using: &random), at: at)
            default: frames.removeLast(frames.count - at)
            }
        }
    }

    /// Frames as a client might send them, in an order it might not.
    private static func connection(_ random: inout SeededGenerator) -> [UInt8] {
        let writer = FrameWriter(preface: false)
        var stream: UInt32 = 1
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let old = UInt32.random(in: 0...stream, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: writer.headers(stream, get + [("cookie", "a=1"), ("cookie", "b=2")])
            case 2, 3: writer.headers(stream, post + [("content-length", "5")], end: false).data(stream, "hello", end: true)
            case 4:
                let block = writer.block(post)
                writer.frame(1, 0, stream, Array(block.prefix(7))).frame(9, 4, stream, Array(block.dropFirst(7)))
                writer.data(stream, "{}", end: Bool.random(using: &random))
            case 5: writer.frame(3, 0, old, FrameWriter.number(8))
            case 6: writer.frame(8, 0, old, FrameWriter.number(UInt32.random(in: 0...0x7FFF_FFFF, using: &random)))
            case 7: writer.frame(6, 0, 0, [UInt8](repeating: 7, count: 8))
            case 8: writer.frame(4, 0, 0, [0, 4, 0, 0, 0, UInt8.random(in: 0...255, using: &random)])
            case 9: writer.data(old, "stray", end: Bool.random(using: &random))
            case 10: writer.headers(old | 1, [("x", "y")])
            default: writer.frame(UInt8.random(in: 0...20, using: &random), UInt8.random(in: 0...255, using: &random), old, [1, 2, 3, 4])
            }
            stream += 2
        }
        return writer.take()
    }
}

/// Numbers that look random and follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    static func announced(_ test: String) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("\(test): SLUICE_SEED=\(seed)")
        return SeededGenerator(state: seed)
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
