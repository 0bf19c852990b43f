import Testing

@testable import Gateway

@Suite("When keys were used")
struct KeyUsesTests {
    @Test("each is told once, with its latest second; those of whom nobody asks, and places that are none, are not")
    func told() {
        let uses = KeyUses(identities: ["", "a", "b"])
        for (place, second) in [(0, 5), (1, 5), (1, 7), (1, 6), (3, 5), (-1, 5)] as [(Int, Int64)] { uses.note(place, wallSeconds: second) }
        #expect(uses.take() == ["a": 7000])
        #expect(uses.take() == [:])
        uses.note(1, wallSeconds: 7)
        uses.note(2, wallSeconds: 9)
        #expect(uses.take() == ["b": 9000])
        #expect(KeyUses(identities: []).take() == [:])
    }

    @Test("those behind others share them: each is told by the one that is asked first")
    func shared() {
        let others = KeyUses(identities: ["a", "b"])
        let first = KeyUses(identities: ["c"], behind: others)
        let second = KeyUses(identities: ["c", "a"], behind: others)
        first.note(0, wallSeconds: 1)
        first.note(2, wallSeconds: 2)
        second.note(1, wallSeconds: 3)
        second.note(3, wallSeconds: 4)
        second.note(4, wallSeconds: 5)
        #expect(second.take() == ["a": 4000, "b": 3000])
        #expect(first.take() == ["c": 2000])
    }

    @Test("a request notes its key in the snapshot it is identified by")
    func noted() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer(body: "{}"))
        var world = World(upstream)
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        let uses = KeyUses(identities: ["id of team"])
        world.keyUses = uses
        let gateway = try TestGateway(world)
        let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)", "authorization: Bearer own"]
        _ = try gateway.ask(Text.request("POST /v1/chat/completions", fields, body: "{\"model\":\"m\",\"messages\":[]}", provider: "up", key: nil))
        #expect(uses.take()["id of team"] ?? 0 > 1_700_000_000_000)
    }
}
