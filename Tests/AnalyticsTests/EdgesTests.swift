import Foundation
import Testing

@testable import Analytics

@Suite("Days that are asked for in part")
struct EdgesTests {
    private static let seed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...1_000_000)
    private static let first = State.noon / State.day * State.day

    /// A request, and whose it is: by its metadata, else by its body.
    private struct Told {
        let sample: Sample
        let user: String
        let team: String?
    }

    private struct Sums: Equatable {
        var requests: Int64 = 0
        var tokens: Int64 = 0
    }

    /// Requests of three days, as they came; those of a user are often many.
    private func told(_ random: inout some RandomNumberGenerator, day: Int, count: Int) -> [Told] {
        (0..<count).map { index in
            let at = Self.first + Int64(day) * State.day + State.day * Int64(index) / Int64(count)
            var sample = Sample(number: day * 10_000 + index, at: at, tokensIn: .random(in: 0...900, using: &random), tokensOut: 1)
            sample.workspace = Bool.random(using: &random) ? "ws1" : "ws2"
            let (name, team) = ("user-\(Int.random(in: 0..<40, using: &random))", "team-\(Int.random(in: 0..<5, using: &random))")
            switch Int.random(in: 0..<5, using: &random) {
            case 0: return Told(sample: sample, user: "", team: nil)
            case 1:
                sample.user = name
                return Told(sample: sample, user: name, team: nil)
            case 2:
                // What metadata says goes before, also where it says nobody.
                (sample.user, sample.metadata) = (name, "{\"_user\":\"\",\"team\":\"\"}")
                return Told(sample: sample, user: "", team: "")
            default:
                (sample.user, sample.metadata) = ("other", "{\"team\":\"\(team)\",\"_user\":\"\(name)\"}")
                return Told(sample: sample, user: name, team: team)
            }
        }
    }

    @Test("users between any two minutes are those of the requests that began between them")
    func users() throws {
        var random = SeededNumbers(state: Self.seed)
        print("Days in part: SLUICE_SEED=\(Self.seed)")
        let state = State()
        var all: [Told] = []
        for day in 0..<3 {
            let ofDay = told(&random, day: day, count: 700)
            // Two segments, and so two chunks.
            for (half, samples) in [ofDay.prefix(350), ofDay.suffix(350)].enumerated() {
                try state.write(samples.map(\.sample), process: UInt32(2 * day + half + 1), at: State.noon + Int64(day) * State.day)
            }
            all += ofDay
        }
        let books = try state.books(now: State.noon + 2 * State.day)
        try books.catchUp()
        // Some of the last day's are in no chunk.
        let removed = try #require(try books.file(day: Int(Self.first / State.day) + 2)).pool.write { database in
            try database.execute(sql: "DELETE FROM chunks WHERE first > 300")
            return database.changesCount
        }
        #expect(removed == 1)
        for round in 0..<40 {
            let minutes = (0..<2).map { _ in Int64.random(in: -10...3 * 1440 + 10, using: &random) }.sorted()
            var query = RowQuery(from: Self.first + minutes[0] * 60_000, to: Self.first + minutes[1] * 60_000)
            query.workspace = round % 3 == 0 ? "ws1" : nil
            let chosen = all.filter { told in
                told.sample.at >= query.from && told.sample.at < query.to && (query.workspace == nil || told.sample.workspace == query.workspace)
            }
            for step in [GraphStep.minute, .hour, .day] {
                let expected = chosen.reduce(into: [Int64: [String: Int64]]()) { counts, told in
                    if !told.user.isEmpty { counts[told.sample.at.start(of: step), default: [:]][told.user, default: 0] += 1 }
                }
                #expect(try books.counts(query, by: step, and: .user) == expected, "seed \(Self.seed), round \(round)")
            }
            func sums(_ groups: [String: RowSums]) -> [String: Sums] { groups.mapValues { Sums(requests: $0.requests, tokens: $0.tokens) } }
            func expected(_ name: (Told) -> String?) -> [String: Sums] {
                chosen.reduce(into: [:]) { groups, told in
                    guard let name = name(told) else { return }
                    groups[name, default: Sums()].requests += 1
                    groups[name, default: Sums()].tokens += told.sample.tokensIn + told.sample.tokensOut
                }
            }
            #expect(try sums(books.groups(query, by: .user)) == expected(\.user), "seed \(Self.seed), round \(round)")
            #expect(try sums(books.groups(query, by: .metadata("team"))) == expected(\.team), "seed \(Self.seed), round \(round)")
        }
    }
}
