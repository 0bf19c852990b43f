import Policy
import Testing

@Suite("Decision")
struct DecisionTests {
    /// `provider` and a key: a target that needs nothing else.
    private static let leaf = #"{"provider":"openai","api_key":"k"}"#

    private func fallback(_ children: String..., codes: String? = nil) -> String {
        let list = codes.map { #","on_status_codes":[\#($0)]"# } ?? ""
        return #"{"strategy":{"mode":"fallback"\#(list)},"targets":[\#(children.joined(separator: ","))]}"#
    }

    /// The targets visited when each in turn ends with the next outcome, and whether the last went on.
    private func walk(_ config: String, _ outcomes: [Outcome]) throws -> [String] {
        let program = try Fixture.program(config)
        var decision = try Decision(program)
        var visited = [program.path(decision.target)]
        for outcome in outcomes {
            guard try decision.advance(after: outcome, in: program) else { return visited + ["end"] }
            visited.append(program.path(decision.target))
        }
        return visited
    }

    @Test("a config without a strategy is one target, and its failure is the answer")
    func plainTarget() throws {
        #expect(try walk(DecisionTests.leaf, [.status(500)]) == ["config", "end"])
    }

    @Test("single uses the first target only")
    func singleStops() throws {
        let config = #"{"strategy":{"mode":"single"},"targets":[\#(DecisionTests.leaf),\#(DecisionTests.leaf)]}"#
        #expect(try walk(config, [.status(500)]) == ["config.targets[0]", "end"])
    }

    @Test("fallback without codes goes on after anything but a success")
    func fallbackWithoutCodes() throws {
        let config = fallback(DecisionTests.leaf, DecisionTests.leaf, DecisionTests.leaf)
        #expect(try walk(config, [.status(500), .status(404), .status(500)]) == ["config.targets[0]", "config.targets[1]", "config.targets[2]", "end"])
        #expect(try walk(config, [.status(200)]) == ["config.targets[0]", "end"])
        #expect(try walk(config, [.status(246)]) == ["config.targets[0]", "end"])
        #expect(try walk(config, [.status(302), .status(446)]) == ["config.targets[0]", "config.targets[1]", "config.targets[2]"])
        #expect(try walk(config, [.unreachable, .timedOut]) == ["config.targets[0]", "config.targets[1]", "config.targets[2]"])
    }

    @Test("fallback with codes goes on for those and for no others, 200 too when it is listed")
    func fallbackWithCodes() throws {
        let config = fallback(DecisionTests.leaf, DecisionTests.leaf, codes: "429, 200")
        #expect(try walk(config, [.status(500)]) == ["config.targets[0]", "end"])
        #expect(try walk(config, [.status(429)]) == ["config.targets[0]", "config.targets[1]"])
        #expect(try walk(config, [.status(200)]) == ["config.targets[0]", "config.targets[1]"])
    }

    @Test("an empty list of codes never goes on")
    func emptyCodes() throws {
        #expect(try walk(fallback(DecisionTests.leaf, DecisionTests.leaf, codes: ""), [.status(500)]) == ["config.targets[0]", "end"])
    }

    @Test("an attempt without a response goes by the statuses gateways give it", arguments: [500, 502, 503])
    func unreachableIsListed(code: Int) throws {
        let config = fallback(DecisionTests.leaf, DecisionTests.leaf, codes: "\(code)")
        #expect(try walk(config, [.unreachable]) == ["config.targets[0]", "config.targets[1]"])
        #expect(try walk(config, [.timedOut]) == ["config.targets[0]", "end"])
    }

    @Test("a time-out goes by 408 and 504", arguments: [408, 504])
    func timeoutIsListed(code: Int) throws {
        let config = fallback(DecisionTests.leaf, DecisionTests.leaf, codes: "\(code)")
        #expect(try walk(config, [.timedOut]) == ["config.targets[0]", "config.targets[1]"])
        #expect(try walk(config, [.unreachable]) == ["config.targets[0]", "end"])
    }

    @Test("an inner fallback's last failure is judged by the outer one")
    func innerFailureClimbs() throws {
        let config = fallback(fallback(DecisionTests.leaf, DecisionTests.leaf), DecisionTests.leaf, codes: "429")
        let first = "config.targets[0].targets[0]"
        let second = "config.targets[0].targets[1]"
        #expect(try walk(config, [.status(500), .status(429)]) == [first, second, "config.targets[1]"])
        #expect(try walk(config, [.status(500), .status(500)]) == [first, second, "end"])
        #expect(try walk(config, [.status(200)]) == [first, "end"])
    }

    @Test("an inner list that stops hands its status to the outer one, which may go on")
    func innerStopClimbs() throws {
        let config = fallback(fallback(DecisionTests.leaf, DecisionTests.leaf, codes: "429"), DecisionTests.leaf)
        #expect(try walk(config, [.status(500)]) == ["config.targets[0].targets[0]", "config.targets[1]"])
        #expect(try walk(config, [.status(429), .status(500)]) == ["config.targets[0].targets[0]", "config.targets[0].targets[1]", "config.targets[1]"])
    }

    @Test("a fallback under single still falls back, and single adds nothing after it")
    func singleOverFallback() throws {
        let config = #"{"strategy":{"mode":"single"},"targets":[\#(fallback(DecisionTests.leaf, DecisionTests.leaf)),\#(DecisionTests.leaf)]}"#
        #expect(try walk(config, [.status(500), .status(500)]) == ["config.targets[0].targets[0]", "config.targets[0].targets[1]", "end"])
    }

    @Test("the walk of any program ends and visits no target twice")
    func walkEnds() throws {
        var random = SeededRandom.fromEnvironment()
        let seed = random.seed
        for _ in 0..<300 {
            var leaves = 0
            let config = DecisionTests.randomTree(&random, depth: 1, &leaves)
            let program = try Fixture.program(config)
            var decision = try Decision(program)
            var visited: Set<Int> = [decision.target]
            let outcomes: [Outcome] = [.status(500), .status(429), .status(200), .status(404), .unreachable, .timedOut]
            while let outcome = outcomes.randomElement(using: &random), try decision.advance(after: outcome, in: program) {
                #expect(visited.insert(decision.target).inserted, "SLUICE_SEED=\(seed): \(config)")
            }
            #expect(decision.skippedCount < program.targets.count, "SLUICE_SEED=\(seed)")
        }
    }

    static func randomTree(_ random: inout SeededRandom, depth: Int, _ leaves: inout Int) -> String {
        if depth == PolicyLimits.depth || leaves > 60 || Int.random(in: 0..<3, using: &random) == 0 {
            leaves += 1
            return leaf
        }
        let children = (0..<Int.random(in: 1...4, using: &random)).map { _ in randomTree(&random, depth: depth + 1, &leaves) }
        let codes = ["", #","on_status_codes":[429,500]"#, #","on_status_codes":[]"#].randomElement(using: &random) ?? ""
        let mode = Bool.random(using: &random) ? "fallback" : "single"
        return #"{"strategy":{"mode":"\#(mode)"\#(codes)},"targets":[\#(children.joined(separator: ","))]}"#
    }
}
