import Glibc
import Health
import Testing

@Suite("Latency")
struct LatencyTests {
    private let health = TargetHealth(description: "")
    private let start = seconds(1000)

    /// The estimate of the time to the first token, milliseconds.
    private func estimate(_ now: UInt64) -> Double { Double(health.reading(now: now).firstTokenNanoseconds ?? 0) / 1e6 }

    @Test("an estimate jumps up to a larger sample at once")
    func jumps() {
        health.noteFirstToken(nanoseconds: milliseconds(300), now: start)
        #expect(abs(estimate(start) - 300) < 0.01)
        health.noteFirstToken(nanoseconds: milliseconds(900), now: start)
        #expect(abs(estimate(start) - 900) < 0.01)
    }

    @Test("it comes down to smaller ones as time goes, however many they are", arguments: [10, 100, 1000] as [UInt64])
    func decays(_ stepMilliseconds: UInt64) {
        health.noteFirstToken(nanoseconds: milliseconds(2000), now: start)
        for step in 1...10_000 / stepMilliseconds {
            health.noteFirstToken(nanoseconds: milliseconds(300), now: start + milliseconds(step * stepMilliseconds))
        }
        // After τ, 10 s, e⁻¹ of the difference is left.
        #expect(abs(estimate(start + seconds(10)) - (300 + 1700 * exp(-1))) < 2)
    }

    @Test("samples of one millisecond do not outvote an estimate by their number")
    func sameInstant() {
        health.noteFirstToken(nanoseconds: milliseconds(2000), now: start)
        for _ in 0..<1000 { health.noteFirstToken(nanoseconds: milliseconds(100), now: start) }
        #expect(abs(estimate(start) - 2000) < 0.1)
    }

    @Test("without samples it stands for a second, then comes down towards an unknown target's, not below")
    func idles() {
        health.noteFirstToken(nanoseconds: milliseconds(2200), now: start)
        #expect(abs(estimate(start + seconds(1)) - 2200) < 0.1)
        #expect(abs(estimate(start + seconds(3)) - (200 + 2000 * exp(-1))) < 0.5)
        #expect(abs(estimate(start + seconds(60)) - 200) < 0.5)
        // One that is faster than that has nothing to be forgiven.
        let fast = TargetHealth(description: "")
        fast.noteFirstToken(nanoseconds: milliseconds(50), now: start)
        #expect(abs(Double(fast.reading(now: start + seconds(60)).firstTokenNanoseconds ?? 0) / 1e6 - 50) < 0.01)
    }

    @Test("a good sample after a silence does not raise the estimate")
    func forgivesForGood() {
        health.noteFirstToken(nanoseconds: milliseconds(5000), now: start)
        let now = start + seconds(9)
        let before = estimate(now)
        health.noteFirstToken(nanoseconds: milliseconds(190), now: now)
        #expect(estimate(now) <= before)
    }

    @Test("a sample from a worker whose clock was read earlier is taken, and ages nothing")
    func earlierClock() {
        health.noteFirstToken(nanoseconds: milliseconds(1000), now: start)
        health.noteFirstToken(nanoseconds: milliseconds(100), now: start - seconds(1))
        #expect(abs(estimate(start) - 1000) < 0.1)
        health.noteFirstToken(nanoseconds: milliseconds(1500), now: start - seconds(1))
        #expect(abs(estimate(start + seconds(1)) - 1500) < 0.1)
    }

    @Test("a score is the wait for the first token and 32 more, times those in flight and one")
    func scores() {
        // 200 ms and 32 × 10 ms: what an unknown target counts as.
        #expect(health.score(now: start) == milliseconds(520))
        health.begin()
        health.begin()
        #expect(health.score(now: start) == milliseconds(1560))
        health.end()
        health.end()
        #expect(health.inFlight == 0)
        health.noteFirstToken(nanoseconds: milliseconds(500), now: start)
        #expect(health.score(now: start) == milliseconds(820))
        health.notePerOutputToken(nanoseconds: milliseconds(20), now: start)
        #expect(health.score(now: start) == milliseconds(1140))
        health.end()
        #expect(health.inFlight == 0)
    }

    @Test("no quantile is known of fewer than 20 samples")
    func quantileNeedsSamples() {
        for _ in 0..<19 { health.noteFirstToken(nanoseconds: milliseconds(100), now: start) }
        #expect(health.firstTokenQuantile(thousandths: 950) == nil)
        health.noteFirstToken(nanoseconds: milliseconds(100), now: start)
        #expect(health.firstTokenQuantile(thousandths: 950) != nil)
    }

    @Test("a quantile is the true one to within a quarter above, for any samples", arguments: [0, 500, 900, 950, 990, 1000])
    func quantiles(_ thousandths: Int) throws {
        var random = SeededRandom("quantile of \(thousandths)")
        for _ in 0..<50 {
            let health = TargetHealth(description: "")
            var samples = (0..<Int.random(in: 20...500, using: &random)).map { _ in
                UInt64(exp2(Double.random(in: 20.1..<35.9, using: &random)))
            }
            for sample in samples { health.noteFirstToken(nanoseconds: sample, now: start) }
            samples.sort()
            let rank = max(1, (samples.count * thousandths + 999) / 1000)
            let (found, exact) = (try #require(health.firstTokenQuantile(thousandths: thousandths)), samples[rank - 1])
            #expect(found > exact && found <= exact + exact / 4 + 1)
        }
    }

    @Test("samples outside the histogram count as its ends, and shares outside 0 to 1000 as those", arguments: [
        (0, 950, 1_310_720), (1, 950, 1_310_720), (.max, 950, 1 << 36), (1 << 36, -5, 1 << 36), (1 << 35, .max, 5 << 33),
    ] as [(UInt64, Int, UInt64)])
    func ends(_ sample: UInt64, _ thousandths: Int, _ expected: UInt64) {
        for _ in 0..<20 { health.noteFirstToken(nanoseconds: sample, now: start) }
        #expect(health.firstTokenQuantile(thousandths: thousandths) == expected)
    }

    @Test("half of the samples are forgotten every two minutes")
    func halves() throws {
        let early = seconds(120) * 5
        for _ in 0..<80 { health.noteFirstToken(nanoseconds: milliseconds(1000), now: early) }
        // 40 old ones stay, then 20, then 10: the median moves to the new ones with the second half-life.
        for _ in 0..<30 { health.noteFirstToken(nanoseconds: milliseconds(100), now: early + seconds(120)) }
        #expect(try #require(health.firstTokenQuantile(thousandths: 500)) > milliseconds(1000))
        for _ in 0..<20 { health.noteFirstToken(nanoseconds: milliseconds(100), now: early + seconds(240)) }
        #expect(try #require(health.firstTokenQuantile(thousandths: 500)) < milliseconds(130))
        // After a long silence all are forgotten.
        health.noteFirstToken(nanoseconds: milliseconds(100), now: early + seconds(120 * 40))
        #expect(health.firstTokenQuantile(thousandths: 500) == nil)
    }
}
