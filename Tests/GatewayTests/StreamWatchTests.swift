import Bytes
import Foundation
import Providers
import Testing

@testable import Gateway

@Suite("Stream watch")
struct StreamWatchTests {
    private static let delta = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":null}],\"usage\":null}\n\n"
    private static let parts = [
        delta, delta, delta, "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n", "\n",
        ": a comment\n\n", "event: x\n" + delta, "data: [DONE]\n\n",
        delta.replacing("null}]", with: "\"stop\"}]"), "data: {\"error\":{\"message\":\"no\"}}\n\n", "data: {\"type\":\"response.completed\",\"response\":{}}\n\n",
    ]

    private struct Passed: Equatable {
        var text = ""
        var deltaCount = 0
        var total: Int64?
    }

    /// What the client gets of bytes that come in these reads, and what is known of them.
    private func pass(_ reads: [[UInt8]], removing: Bool) -> Passed {
        var watch = StreamWatch()
        watch.begin(removingUsage: removing)
        var usage = UsageReader(.openAI)
        let pool = BlockPool(budget: ByteBudget())
        var passed: [UInt8] = []
        for read in reads {
            var runs = RunList()
            read.withByteSlice { bytes in
                guard removing else {
                    watch.observe(bytes, &usage)
                    passed += [UInt8](bytes)
                    return
                }
                if let released = watch.filter(bytes, &usage, &runs, pool) { runs.blocks.add(released) }
                for index in 0..<runs.count { passed += [UInt8](runs.runs[index]) }
            }
        }
        var runs = RunList()
        if let held = watch.finish(&runs) { runs.blocks.add(held) }
        for index in 0..<runs.count { passed += [UInt8](runs.runs[index]) }
        // Blank lines before an event that is taken out may go with it: they are of no event.
        let lines = String(decoding: passed, as: UTF8.self).split(separator: "\n").joined(separator: "\n")
        return Passed(text: lines, deltaCount: usage.deltaCount, total: usage.usage?.total)
    }

    @Test("however its bytes are read, a stream passes as it does byte by byte, and as much is known of it", arguments: [true, false])
    func readsMakeNoDifference(removing: Bool) {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<600 {
            let parts = (0..<Int.random(in: 1...8, using: &random)).map { _ in Self.parts.randomElement(using: &random) ?? "" }
            let whole = Array(parts.joined().utf8)
            let expected = pass(whole.map { [$0] }, removing: removing)
            #expect(pass(parts.map { Array($0.utf8) }, removing: removing) == expected, "\(parts)")
            #expect(pass([whole], removing: removing) == expected, "\(parts)")
            let cut = Int.random(in: 0...whole.count, using: &random)
            #expect(pass([Array(whole[..<cut]), Array(whole[cut...])], removing: removing) == expected, "\(parts) cut at \(cut)")
        }
    }

    @Test("a blank line that waits for its event is not overtaken by one that is passed after one look")
    func blankLines() {
        var watch = StreamWatch()
        watch.begin(removingUsage: true)
        var usage = UsageReader(.openAI)
        let pool = BlockPool(budget: ByteBudget())
        var passed: [UInt8] = []
        for text in [Self.delta, "\n", Self.delta, Self.delta] {
            var runs = RunList()
            Array(text.utf8).withByteSlice { bytes in
                if let released = watch.filter(bytes, &usage, &runs, pool) { runs.blocks.add(released) }
                for index in 0..<runs.count { passed += [UInt8](runs.runs[index]) }
            }
        }
        let (count, holdsNothing) = (usage.deltaCount, watch.holdsNothing)
        #expect(String(decoding: passed, as: UTF8.self) == Self.delta + "\n" + Self.delta + Self.delta && count == 3 && holdsNothing)
    }
}
