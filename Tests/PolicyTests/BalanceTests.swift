import Bytes
import Glibc
import Policy
import Testing

@Suite("Load balancing")
struct BalanceTests {
    private func config(_ strategy: String = "", _ weights: [Double?]) -> String {
        let targets = weights.enumerated().map { index, weight in
            #"{"provider":"openai","api_key":"k\#(index)"\#(weight.map { #","weight":\#($0)"# } ?? "")}"#
        }
        return #"{"strategy":{"mode":"loadbalance"\#(strategy)},"targets":[\#(targets.joined(separator: ","))]}"#
    }

    private func counts(_ program: Program, _ picks: Int, _ plain: inout PlainCircumstances) throws -> [Int] {
        var counts = [Int](repeating: 0, count: program.targets.count)
        for _ in 0..<picks { counts[try Decision(program, &plain).target] += 1 }
        return counts
    }

    @Test("picks keep to the weights within three sigma over 100,000, and evenly over short runs")
    func weighted() throws {
        let program = try Fixture.program(config("", [0.7, 0.3]))
        var plain = PlainCircumstances()
        let counts = try counts(program, 100_000, &plain)
        let sigma = (100_000 * 0.7 * 0.3).squareRoot()
        #expect(abs(Double(counts[0]) - 70_000) < 3 * sigma)
        // Random picks would stray by some 4 in 100.
        let short = try self.counts(program, 100, &plain)
        #expect(abs(short[0] - 70) <= 2)
    }

    @Test("a target without a weight counts one, one of weight zero is never picked")
    func defaults() throws {
        let program = try Fixture.program(config("", [nil, 3, 0]))
        var plain = PlainCircumstances()
        let counts = try counts(program, 4000, &plain)
        #expect(abs(counts[0] - 1000) <= 4)
        #expect(counts[2] == 0)
    }

    @Test("what may not be tried gets nothing, and the others share it by weight")
    func hindered() throws {
        let program = try Fixture.program(config("", [1, 1, 2]))
        var plain = PlainCircumstances()
        plain.hindrances = [0: 99]
        let counts = try counts(program, 3000, &plain)
        #expect(counts[0] == 0)
        #expect(abs(counts[1] - 1000) <= 4)
        // All hindered: the one that is back first, and never one of weight zero.
        plain.hindrances = [0: 99, 1: 50, 2: 70]
        #expect(try Decision(program, &plain).target == 1)
        #expect(try Decision(program, &plain).reason == .leastBad)
        let zero = try Fixture.program(config("", [1, 0]))
        plain.hindrances = [0: 99, 1: 50]
        #expect(try Decision(zero, &plain).target == 0)
    }

    @Test("round robin goes through all in turn, whatever their weights")
    func roundRobin() throws {
        let program = try Fixture.program(config(#","algorithm":"round_robin""#, [5, 1, 1]))
        var plain = PlainCircumstances()
        let picks = try (0..<6).map { _ in try Decision(program, &plain).target }
        #expect(picks == [0, 1, 2, 0, 1, 2])
    }

    @Test("least busy never picks the busiest, least latency never the slowest")
    func leastOfTwo() throws {
        var plain = PlainCircumstances(seed: 7)
        plain.flights = [0: 4, 1: 0, 2: 9]
        let busy = try counts(try Fixture.program(config(#","algorithm":"least_busy""#, [1, 1, 1])), 3000, &plain)
        #expect(busy[2] == 0)
        #expect(busy[1] > busy[0])
        plain.scores = [0: 500, 1: 200, 2: 900]
        let late = try counts(try Fixture.program(config(#","algorithm":"least_latency""#, [1, 1, 1])), 3000, &plain)
        #expect(late[2] == 0)
        #expect(late[1] > late[0])
    }

    @Test("sticky sends one user to one target, spreads users, and without a target moves only its users")
    func sticky() throws {
        let strategy = #","sticky":{"hash_fields":["metadata.user"],"ttl":0}"#
        let whole = try Fixture.program(config(strategy, [1, 1, 1, 1]))
        let before = try assignments(whole)
        #expect(try assignments(whole) == before)
        for target in 0..<4 { #expect((350...650).contains(before.count { $0 == target })) }
        // The third target is hindered: the users of the others stay where they are.
        let after = try assignments(whole, hindered: 2)
        for (old, new) in zip(before, after) where old != 2 { #expect(old == new) }
        #expect(!after.contains(2))
        // And removed from the config altogether: its neighbour's row moves up, its users do not.
        let fewer = try Fixture.program(
            #"{"strategy":{"mode":"loadbalance"\#(strategy)},"targets":[\#([0, 1, 3].map { #"{"provider":"openai","api_key":"k\#($0)"}"# }.joined(separator: ","))]}"#)
        let names = [0, 1, 3]
        for (old, new) in zip(before, try assignments(fewer)) where old != 2 { #expect(old == names[new]) }
    }

    @Test("a sticky choice is made anew after its time to live, not for all users at once")
    func ttl() throws {
        let program = try Fixture.program(config(#","sticky":{"hash_fields":["metadata.user"],"ttl":100}"#, [1, 1, 1, 1]))
        let start = try assignments(program, at: 1000)
        let soon = try assignments(program, at: 1050)
        let later = try assignments(program, at: 1100)
        let movedSoon = zip(start, soon).count { $0 != $1 }
        let movedLater = zip(start, later).count { $0 != $1 }
        // Half are past their time; three of four of those land elsewhere.
        #expect((600...900).contains(movedSoon))
        #expect((1350...1650).contains(movedLater))
    }

    /// Where each of 2,000 users goes.
    private func assignments(_ program: Program, hindered: Int? = nil, at seconds: UInt64 = 0) throws -> [Int] {
        var plain = PlainCircumstances()
        plain.wallSeconds = seconds
        if let hindered { plain.hindrances = [hindered: 1] }
        return try (0..<2000).map { user in
            try Array(#"{"user":"u\#(user)"}"#.utf8).withByteSlice { metadata in
                plain.metadata = metadata
                return try Decision(program, &plain).target
            }
        }
    }

    @Test("a target far busier than the others gives its users up until it is not")
    func boundedLoad() throws {
        let program = try Fixture.program(config(#","sticky":{"hash_fields":["metadata.user"]}"#, [1, 1, 1]))
        var plain = PlainCircumstances()
        let home = try Array(#"{"user":"ada"}"#.utf8).withByteSlice { metadata in
            plain.metadata = metadata
            return try Decision(program, &plain).target
        }
        plain.flights = [home: 100]
        let away = try Array(#"{"user":"ada"}"#.utf8).withByteSlice { metadata in
            plain.metadata = metadata
            return try Decision(program, &plain).target
        }
        #expect(away != home)
    }

    @Test("prefix affinity goes by model, system and tools, not by what is asked")
    func prefixAffinity() throws {
        let program = try Fixture.program(config(#","algorithm":"prefix_affinity""#, [1, 1, 1, 1, 1, 1, 1, 1]))
        var plain = PlainCircumstances()
        func target(_ system: String, _ question: String) throws -> Int {
            let body = #"{"model":"m","messages":[{"role":"system","content":"\#(system)"},{"role":"user","content":"\#(question)"}]}"#
            return try Array(body.utf8).withByteSlice { bytes in
                plain.body = bytes
                return try Decision(program, &plain).target
            }
        }
        let first = try target("you are a poet", "a")
        for question in ["b", "c", "d", "e"] { #expect(try target("you are a poet", question) == first) }
        #expect(Set(try (0..<40).map { try target("system \($0)", "a") }).count > 4)
    }

    @Test("tenants that send the same go their own ways")
    func tenants() throws {
        let program = try Fixture.program(config(#","algorithm":"prefix_affinity""#, [1, 1, 1, 1, 1, 1, 1, 1]))
        var plain = PlainCircumstances()
        let targets = try (0..<40).map { tenant in
            plain.tenant = UInt64(tenant) &* 0x9E37_79B9_7F4A_7C15
            return try Decision(program, &plain).target
        }
        #expect(Set(targets).count > 4)
    }

    @Test("a balancer's pick is its outcome: its siblings are not tried, and a fallback above goes on")
    func noFailover() throws {
        let balanced = config("", [1, 1])
        let program = try Fixture.program(#"{"strategy":{"mode":"fallback"},"targets":[\#(balanced),{"provider":"openai","api_key":"last"}]}"#)
        var decision = try Decision(program)
        let goesOn = try decision.advance(after: .status(500), in: program)
        #expect(goesOn)
        #expect(program.path(decision.target) == "config.targets[1]")
        #expect(decision.reason == .fallback)
    }

    @Test("a fallback passes over what may not be tried, unless nothing else is left")
    func fallbackOverHindered() throws {
        let targets = (0..<3).map { #"{"provider":"openai","api_key":"k\#($0)"}"# }.joined(separator: ",")
        let program = try Fixture.program(#"{"strategy":{"mode":"fallback"},"targets":[\#(targets)]}"#)
        var plain = PlainCircumstances()
        plain.hindrances = [0: 5]
        var decision = try Decision(program, &plain)
        #expect(decision.target == 1)
        plain.hindrances = [0: 5, 2: 5]
        let goesOn = try decision.advance(after: .status(500), in: program, &plain)
        #expect(goesOn && decision.target == 2)
        plain.hindrances = [0: 9, 1: 3, 2: 5]
        #expect(try Decision(program, &plain).target == 1)
    }

    @Test("what weights and algorithms cannot be is refused", arguments: [
        (#""algorithm":"best""#, #""algorithm" must be one of weighted, round_robin, least_busy, least_latency, sticky, prefix_affinity, not "best""#),
        (#""sticky":{"hash_fields":["user"]}"#, #""user" is nothing a condition can look at; metadata.<key>, params.<path>, headers.<name>, url.pathname, certificate.subject or certificate.san"#),
        (#""sticky":{"ttl":-1}"#, #""ttl" must be a whole number from 0 to 31536000, not -1"#),
        (#""prefix_bytes":0"#, #""prefix_bytes" must be a whole number from 1 to 65536, not 0"#),
    ])
    func refused(strategy: String, message: String) {
        let compiled = Fixture.compile(config(",\(strategy)", [1]))
        #expect(compiled.program == nil)
        #expect(compiled.diagnostics.rendered(path: "c").hasSuffix(message + "\n"))
    }
}
