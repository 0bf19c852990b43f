import Bytes
import Testing

@testable import Providers

@Suite("Two names looked for together")
struct NamePairTests {
    private static let pair = NamePair(first: "\"usage\"", second: "\"finish_reason\"")

    private func isSaid(_ text: String) -> Bool { Array(text.utf8).withByteSlice { Self.pair.isSaid(in: $0) } }

    @Test("either is found at every place of texts of every length", arguments: ["\"usage\":{", "\"finish_reason\":\"stop\"", "\"usage\" : 1"])
    func findsEverywhere(member: String) {
        for before in 0..<40 {
            for after in 0..<24 {
                let text = String(repeating: ".", count: before) + member + String(repeating: ".", count: after)
                #expect(isSaid(text), "\(text)")
            }
        }
    }

    @Test("a name that is null is passed over, and what stands behind it is found")
    func passesNull() {
        for before in 0..<40 {
            let text = String(repeating: ".", count: before) + "\"finish_reason\":null,\"usage\": null"
            #expect(!isSaid(text), "\(text)")
            #expect(isSaid(text + ",\"finish_reason\":\"length\""), "\(text)")
            #expect(isSaid(text + String(repeating: ".", count: before) + ",\"usage\":{}"), "\(text)")
        }
    }

    @Test("what only begins like a name, or ends in one, is none", arguments: [
        "", "\"", "\"u", "\"us", "\"usage", "\"finish_reason", "\"used\":1,\"fills\":2", "usage\":1", "\\\"usage\\\":1,\"fine\":2", "......................\"usage",
    ])
    func passesOthers(text: String) {
        #expect(!isSaid(text))
        #expect(!isSaid(String(repeating: " ", count: 17) + text))
    }

    private func isAbsent(_ text: String) -> Bool { Array(text.utf8).withByteSlice { Self.pair.isAbsent(fromLine: $0) } }

    @Test("a line says neither name where it holds none and ends nowhere within", arguments: 17..<70)
    func absentFromLine(count: Int) {
        let line = [UInt8](repeating: UInt8(ascii: "."), count: count)
        #expect(line.withByteSlice { Self.pair.isAbsent(fromLine: $0) })
        for place in 0..<count {
            for end in Array("\n\r\t\0\u{1F}".utf8) {
                var cut = line
                cut[place] = end
                #expect(!cut.withByteSlice { Self.pair.isAbsent(fromLine: $0) }, "\(place) of \(count)")
            }
            let text = String(repeating: ".", count: place) + "\"usage\":1" + String(repeating: ".", count: count - place)
            #expect(!isAbsent(text), "\(text)")
            #expect(isAbsent(text.replacing(":1", with: ":null")), "\(text)")
        }
        #expect(!isAbsent(String(repeating: ".", count: 16)), "too short to tell")
    }
}
