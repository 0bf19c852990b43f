import Glibc
import Health
import Testing

@Suite("Even spread")
struct EvenSpreadTests {
    /// How often each child is picked in `turns` turns, of which every `step`th counts.
    private func split(_ weights: [Double], turns: UInt64, start: UInt64, step: UInt64 = 1) -> [Int] {
        let sum = weights.reduce(0, +)
        var picks = [Int](repeating: 0, count: weights.count)
        for turn in 0..<turns {
            var place = EvenSpread.fraction(start &+ turn &* step) * sum
            for (child, weight) in weights.enumerated() {
                place -= weight
                if place < 0 {
                    picks[child] += 1
                    break
                }
            }
        }
        return picks
    }

    @Test("over as many turns as the weights sum to, a child is within two of its weight; one for small weights", arguments: [
        ([1, 1], 1), ([1, 1, 1], 1), ([3, 1], 1), ([5, 3, 2], 1), ([1, 2, 3, 4], 1), ([70, 20, 10], 2), ([50, 50], 2), ([12, 7, 9, 1, 11], 2),
    ] as [([Double], Int)])
    func periods(_ weights: [Double], _ most: Int) {
        var random = SeededRandom("even spread, periods")
        for _ in 0..<500 {
            let picks = split(weights, turns: UInt64(weights.reduce(0, +)), start: random.next())
            for (child, weight) in weights.enumerated() { #expect(abs(picks[child] - Int(weight)) <= most) }
        }
    }

    @Test("every second, third or fifth turn alone is as even", arguments: [2, 3, 5, 10] as [UInt64])
    func decimated(_ step: UInt64) {
        let weights: [Double] = [1, 1, 2, 6]
        let picks = split(weights, turns: 1000, start: 0, step: step)
        for (child, weight) in weights.enumerated() { #expect(abs(picks[child] - Int(weight) * 100) <= 5, "\(picks)") }
    }

    @Test("a place is at least 0 and below 1")
    func bounds() {
        for turn in [0, 1, 2, .max, .max / 2, 0x9E37_79B9] as [UInt64] { #expect((0..<1).contains(EvenSpread.fraction(turn))) }
    }
}

@Suite("Rendezvous hashing")
struct RendezvousTests {
    private let children: [UInt64] = (1...8).map { $0 }

    private func owner(_ key: UInt64, of children: [UInt64], weight: (Int) -> Double = { _ in 1 }, skipping: Set<Int> = []) -> Int? {
        Rendezvous.pick(count: children.count, key: key, child: { children[$0] }, weight: weight, isSkipped: { skipping.contains($0) })
    }

    @Test("10,000 keys split by the weights, within 4 sigma")
    func splits() {
        let weights: [Double] = [1, 2, 0.5, 4, 0, 1, 1, 0.5]
        var counts = [Int](repeating: 0, count: 8)
        for key in 0..<10_000 as Range<UInt64> {
            guard let child = owner(key, of: children, weight: { weights[$0] }) else { continue }
            counts[child] += 1
        }
        for (child, weight) in weights.enumerated() {
            let share = weight / 10
            #expect(abs(Double(counts[child]) - 10_000 * share) <= 4 * (10_000 * share * (1 - share)).squareRoot(), "child \(child)")
        }
    }

    @Test("a child that leaves moves its own keys alone, and they spread over the others", arguments: 0..<8)
    func removal(_ left: Int) {
        var moved = [Int](repeating: 0, count: 8)
        for key in 0..<10_000 as Range<UInt64> {
            let before = owner(key, of: children)
            let after = owner(key, of: children, skipping: [left])
            if before != left { #expect(after == before) }
            if before == left, let after { moved[after] += 1 }
        }
        #expect(moved[left] == 0)
        // A seventh each of about 1,250.
        for child in 0..<8 where child != left { #expect(abs(moved[child] - 179) < 70) }
    }

    @Test("a child keeps its keys wherever it stands in the list")
    func identity() {
        let reversed = Array(children.reversed())
        for key in 0..<1000 as Range<UInt64> {
            #expect(owner(key, of: children).map { children[$0] } == owner(key, of: reversed).map { reversed[$0] })
        }
    }

    @Test("a child that gains weight takes keys and gives up none")
    func weightGrows() {
        for key in 0..<2000 as Range<UInt64> {
            let before = owner(key, of: children)
            let after = owner(key, of: children) { $0 == 3 ? 2 : 1 }
            #expect(after == before || after == 3)
        }
    }

    @Test("scores are finite and above 0, but 0 for no weight", arguments: [0, -1, -.infinity, .nan] as [Double])
    func scores(_ weight: Double) {
        var random = SeededRandom("rendezvous")
        for _ in 0..<1000 {
            let (key, child) = (random.next(), random.next())
            #expect(Rendezvous.score(key: key, child: child, weight: weight) == 0)
            let score = Rendezvous.score(key: key, child: child, weight: 1)
            #expect(score > 0 && score.isFinite)
        }
        #expect(owner(1, of: children, weight: { _ in weight }) == nil)
        #expect(owner(1, of: children, skipping: Set(0..<8)) == nil)
        #expect(owner(1, of: []) == nil)
    }

    @Test("a child is over its bound above 1.25 × the mean and one", arguments: [
        (0, 0, 4, false), (1, 1, 4, false), (2, 2, 4, true), (13, 40, 4, false), (13, 38, 4, true), (14, 40, 4, true), (27, 80, 4, true),
        (26, 80, 4, false), (5, 5, 1, false), (.max, .max, .max, true), (.min, .min, .min, false), (1, 0, 0, false),
    ] as [(Int, Int, Int, Bool)])
    func bound(_ inFlight: Int, _ total: Int, _ count: Int, _ expected: Bool) {
        #expect(Rendezvous.isOverBound(inFlight: inFlight, total: total, count: count) == expected)
    }

    @Test("a hot key spills over its children's bounds to the next ranks, and no child is far above the mean")
    func hotKey() {
        var inFlight = [Int](repeating: 0, count: 8)
        for total in 0..<800 {
            let child = Rendezvous.pick(count: 8, key: 42, child: { children[$0] }, weight: { _ in 1 }) {
                Rendezvous.isOverBound(inFlight: inFlight[$0] + 1, total: total + 1, count: 8)
            }
            guard let child else {
                Issue.record("all children are over the bound")
                return
            }
            inFlight[child] += 1
        }
        #expect(inFlight.max() ?? 0 <= 126)
        #expect(inFlight.count { $0 > 100 } >= 4)
    }
}

@Suite("Two choices")
struct TwoChoicesTests {
    @Test("both are candidates, and differ when there are two", arguments: 0...20)
    func differ(_ count: Int) {
        var random = SeededRandom("two choices of \(count)")
        for (first, second) in [(0, 0), (.max, .max), (0, .max), (.max, 0)] + (0..<500).map({ _ in (random.next(), random.next()) }) {
            let (one, other) = TwoChoices.pick(first, second, count: count)
            if count < 2 {
                #expect(one == 0 && other == 0)
            } else {
                #expect((0..<count).contains(one) && (0..<count).contains(other) && one != other)
            }
        }
    }

    @Test("each pair is as likely as any other")
    func isFair() {
        var random = SplitMix64(seed: 1)
        var counts = [Int](repeating: 0, count: 25)
        for _ in 0..<100_000 {
            let (one, other) = TwoChoices.pick(random.next(), random.next(), count: 5)
            counts[one * 5 + other] += 1
        }
        // 20 pairs, 5,000 each; 5 sigma is 345.
        for (pair, count) in counts.enumerated() { #expect(pair % 6 == 0 ? count == 0 : abs(count - 5000) < 345) }
    }
}

@Suite("SplitMix64")
struct SplitMix64Tests {
    @Test("it is the published generator")
    func reference() {
        // From the reference implementation, seed 1234567.
        var random = SplitMix64(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect((0..<5).map { _ in random.next() } == expected)
    }
}
