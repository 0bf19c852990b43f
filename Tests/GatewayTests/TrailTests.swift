import Books
import Bytes
import Policy
import Testing

@testable import Gateway

@Suite("Trail of a request's attempts")
struct TrailTests {
    private func program(_ text: String) throws -> Program {
        let catalog = Catalog(providers: [.init(id: "up")], virtualKeys: [], configNames: [])
        return try #require(Array(text.utf8).withByteSlice { PolicyCompiler(catalog: catalog, origin: .file).compile($0) }.program)
    }

    private func json(_ trail: Trail, _ program: Program, slug: String? = nil) -> String {
        [UInt8](unsafeUninitializedCapacity: 8192) { room, count in
            guard let base = room.baseAddress else { return }
            var writer = ByteWriter(base, capacity: 8192)
            trail.writeJSON(program, slug: { _, _ in slug.map { Array($0.utf8).withByteSlice { OwnedBytes($0) } } }, to: &writer)
            count = writer.count
        }.text
    }

    private func times(_ begun: UInt32, _ over: UInt32, first: UInt32 = 0, queued: UInt32 = 0) -> Trail.Times {
        Trail.Times(begun: begun, firstByte: first, over: over, queued: queued)
    }

    private static let two = #"{"strategy":{"mode":"fallback"},"targets":[{"provider":"up","api_key":"a"},{"provider":"up","api_key":"b"}]}"#

    @Test("each attempt says when it began, when its answer did and when it was over; the answer that was passed on ends with the request")
    func offsets() throws {
        var trail = Trail()
        let first = times(41, 120_055, first: 120_055, queued: 1820)
        _ = trail.note(at: -1, target: 0, key: 0, outcome: .status(503), reason: .first, isRepeat: false, times: first)
        let second = times(120_055, 338_121, first: 338_121)
        let place = trail.note(at: -1, target: 1, key: 0, outcome: .status(200), reason: .fallback, isRepeat: false, times: second)
        #expect(place == 1)
        trail.end(at: 1_931_600)
        #expect(json(trail, try program(TrailTests.two)) == [
            #"[{"target":"config.targets[0]","status":503,"ms":120,"why":"first","begun_us":41,"queue_us":1820,"first_byte_us":120055,"over_us":120055},"#,
            #"{"target":"config.targets[1]","status":200,"ms":1811,"why":"fallback","begun_us":120055,"first_byte_us":338121,"over_us":1931600}]"#,
        ].joined())
    }

    @Test("what was lost, or never answered, ends when it did", arguments: [false, true])
    func losersEndEarlier(isLost: Bool) throws {
        var trail = Trail()
        if isLost {
            _ = trail.note(at: -1, target: 0, key: 0, outcome: .status(446), reason: .first, isRepeat: false, times: times(10, 20))
            trail.charge(at: 0, 5, 6, nil)
        } else {
            _ = trail.add(.givenUp, target: 0, key: 0, reason: .first, isRepeat: false, times: times(10, 20))
        }
        trail.end(at: 900)
        let text = json(trail, try program(TrailTests.two))
        #expect(text.contains("\"over_us\":20") && text.contains(isLost ? "\"tokens_in\":5,\"tokens_out\":6" : "\"end\":\"given_up\""), "\(text)")
    }

    @Test("what attempts took before another began counts each as far as it went by then")
    func takenBefore() {
        var trail = Trail()
        _ = trail.note(at: -1, target: 0, key: 0, outcome: .status(503), reason: .first, isRepeat: false, times: times(100, 300))
        _ = trail.add(.hedged, target: 1, key: 0, reason: .fallback, isRepeat: false, times: times(400, 1000))
        let taken = [600, 50, .max].map { trail.taken(until: $0) }
        #expect(taken == [400, 0, 800])
    }

    @Test("an attempt is the only one where there was no other, and it was answered so")
    func only() {
        var trail = Trail()
        func only(_ target: Int, _ key: Int, _ status: UInt16) -> UInt32? { trail.only(target: target, key: key, status: status)?.begun }
        #expect(only(0, 0, 200) == nil)
        _ = trail.note(at: -1, target: 1, key: 2, outcome: .status(200), reason: .only, isRepeat: false, times: times(7, 9))
        #expect(only(1, 2, 200) == 7)
        #expect(only(0, 2, 200) == nil && only(1, 0, 200) == nil)
        #expect(only(1, 2, 502) == nil)
        trail.charge(at: 0, 1, 1, 1)
        #expect(only(1, 2, 200) == nil)
        var failed = Trail()
        _ = failed.note(at: -1, target: 0, key: 0, outcome: .unreachable, reason: .only, isRepeat: false, times: times(7, 9))
        let ofFailed = failed.only(target: 0, key: 0, status: 0)
        #expect(ofFailed == nil)
    }

    @Test("a reason is the same word where one attempt is told by its figures and where several are listed")
    func reasons() {
        for reason in PickReason.allCases { #expect(RecordedReason(reason).text.description == reason.text.description) }
    }

    @Test("eight attempts that say all there is to say are a line, and a ninth is counted alone")
    func bounds() throws {
        var trail = Trail()
        for index in 0..<9 {
            let place = trail.note(
                at: -1, target: 1, key: 0, outcome: .timedOut, reason: .prefixAffinity, isRepeat: false,
                times: times(3_500_000_000, 3_599_999_999, first: 3_500_000_001, queued: 99_000_000))
            trail.charge(at: place, 1_000_000, 100_000, 9_000_000_000)
            #expect(place == index)
        }
        let text = json(trail, try program(TrailTests.two), slug: "a-virtual-key-of-forty-characters-length")
        #expect(trail.count == 9 && text.components(of: "\"target\"") == 8 && text.utf8.count <= GatewayLimits.triesByteCount, "\(text.utf8.count)")
    }
}

extension String {
    /// How often it has `part` in it.
    fileprivate func components(of part: String) -> Int { split(separator: part, omittingEmptySubsequences: false).count - 1 }
}
