import Bytes
import Testing

@Suite("Sixteen bytes at a time")
struct ByteLanesTests {
    @Test("a byte is found where it stands, from every start, in texts of every length", arguments: 0...40)
    func findsEverywhere(count: Int) {
        for place in 0..<max(count, 1) {
            var text = [UInt8](repeating: UInt8(ascii: "."), count: count)
            if count > 0 { text[place] = UInt8(ascii: "x") }
            text.withByteSlice { text in
                for start in 0...count {
                    let found = ByteLanes.firstOffset(in: text.base, from: start, to: count) { $0 .== ByteLanes.all(UInt8(ascii: "x")) }
                    #expect(found == (count > 0 && start <= place ? place : count))
                }
            }
        }
    }

    @Test("of several bytes the first is found, and none past the end")
    func findsTheFirst() {
        let text = ByteSlice("x..x...........x...........x....x")
        var found: [Int] = []
        var at = 0
        while at < 32 {
            at = ByteLanes.firstOffset(in: text.base, from: at, to: 32) { $0 .== ByteLanes.all(UInt8(ascii: "x")) }
            if at < 32 { found.append(at) }
            at += 1
        }
        #expect(found == [0, 3, 15, 27])
    }

    @Test("each lane has its bit", arguments: 0..<16)
    func givesBits(lane: Int) {
        var lanes = ByteLanes.all(0)
        lanes[lane] = 7
        #expect(ByteLanes.bits(lanes .== ByteLanes.all(7)) == 1 << UInt32(lane))
    }
}
