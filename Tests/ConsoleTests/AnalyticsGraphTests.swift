import Analytics
import Books
import JSON
import Ledger
import Testing
@testable import Console

@Suite("Graphs over the API")
struct AnalyticsGraphTests {
    private let desk: Desk

    init() throws { desk = try Desk(hasBooks: true) }

    /// A request that began so many minutes before the desk's time.
    private static func request(_ number: UInt64, minutesAgo: Int64, _ cache: RecordedCache, saved: Int64 = -1) -> RequestRecord {
        var record = RequestRecord()
        let time = Desk.start - minutesAgo * 60_000
        record.figures.identifier = Identifier(high: UInt64(time) << 16 | 0x7000, low: 1 << 63 | number)
        record.figures.wallNanoseconds = UInt64(time) * 1_000_000
        record.figures.status = 200
        record.figures.cost = 0
        record.figures.cache = cache
        record.figures.saved = saved
        return record
    }

    @Test("savings of the cache are summed from the first point on, over points without any, and begin anew with another span")
    func savings() throws {
        try desk.write([
            Self.request(1, minutesAgo: 5, .hit, saved: 10_000_000), Self.request(2, minutesAgo: 4, .miss),
            Self.request(3, minutesAgo: 3, .hit, saved: 25_000_000), Self.request(4, minutesAgo: 3, .hit, saved: 1), Self.request(5, minutesAgo: 1, .disabled),
        ])
        func points(from minutesAgo: Int64) -> [String] {
            let times = [minutesAgo, 0].map { DocumentNode.time(Desk.start - $0 * 60_000).string ?? "" }
            let graph = desk.ask("GET", "/v1/analytics/graphs/cache/hit-rate?time_of_generation_min=\(times[0])&time_of_generation_max=\(times[1])")
            #expect(graph.status == 200 && graph["data_points"].jsonText == graph["data"].jsonText, "\(graph.message)")
            return graph["data_points"].elements.map { point in
                let names = ["simple_hits", "rate", "cumulative_simple_cache_savings", "semantic_hits", "cumulative_semantic_cache_savings"]
                #expect(point.members.count == names.count + 1)
                return names.map { point[$0]?.jsonText ?? "-" }.joined(separator: " ")
            }
        }
        #expect(points(from: 6) == ["0 0 0 0 0", "1 100 1 0 0", "0 0 1 0 0", "2 100 3.5000001 0 0", "0 0 3.5000001 0 0", "0 0 3.5000001 0 0"])
        #expect(points(from: 3) == ["2 100 2.5000001 0 0", "0 0 2.5000001 0 0", "0 0 2.5000001 0 0"])
    }
}
