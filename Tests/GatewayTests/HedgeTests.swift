import Testing

@testable import Gateway

@Suite("Waits of hedges")
struct HedgeTests {
    private static let config = """
        {"strategy":{"mode":"fallback"},"hedge":{"after":200,"budget":1},"targets":[{"provider":"up","api_key":"k"},{"provider":"second","api_key":"k"}]}
        """

    /// Answers one request with a status after so many milliseconds.
    private func upstream(_ status: String = "200 OK", after milliseconds: Int) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            pause(milliseconds: milliseconds)
            peer.wire.send(Text.answer(status))
        }
    }

    /// Takes connections, and says nothing on them.
    private func silent() throws -> ScriptedUpstream { try ScriptedUpstream { _ in pause(milliseconds: 1000) } }

    /// The record of one request.
    ///
    /// - Parameter isSecondTLS: whether the second is one that a hedge waits for.
    private func record(_ first: ScriptedUpstream, _ second: ScriptedUpstream, isSecondTLS: Bool = false, status: Int = 200) throws -> AccessRecord {
        var world = World(first, second)
        world.providers[1].isTLS = isSecondTLS
        world.limits.connectNanoseconds = 800_000_000
        let worker = try TestWorker(world)
        let client = try worker.connect()
        client.send(Text.request("POST /v1/chat/completions", ["x-portkey-config: \(Self.config)"], provider: nil))
        #expect(client.takeAnswer().status == status)
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.wasHedged && record.figures.attempts == 2 && !first.requests.isEmpty)
        return record
    }

    @Test("the time until a hedge is begun is no wait for a connection, whichever of the two answers", arguments: [(600, 50, 250), (300, 600, 300)])
    func begun(first: Int, second: Int, milliseconds: UInt64) throws {
        let record = try record(upstream(after: first), upstream(after: second))
        // The hedge began 200 ms after the first had its connection.
        let (queued, total) = (record.figures.queueNanoseconds, record.figures.totalNanoseconds)
        #expect(queued + milliseconds * 1_000_000 <= total, "\(queued) of \(total)")
    }

    @Test("while the first is at work nobody waits for a hedge's connection")
    func beside() throws {
        let record = try record(upstream(after: 600), silent(), isSecondTLS: true)
        let (queued, total) = (record.figures.queueNanoseconds, record.figures.totalNanoseconds)
        #expect(queued + 600_000_000 <= total, "\(queued) of \(total)")
    }

    @Test("once the first has failed its hedge's connection is waited for")
    func alone() throws {
        let record = try record(upstream("500 Oops", after: 400), silent(), isSecondTLS: true, status: 502)
        let (queued, total) = (record.figures.queueNanoseconds, record.figures.totalNanoseconds)
        #expect(queued > 200_000_000 && queued + 400_000_000 <= total, "\(queued) of \(total)")
    }
}
