import Bytes
import JSON
import Policy

/// What must hold for any bytes; each traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
enum PolicyFuzz {
    static let catalog = Catalog(
        providers: [.init(id: "openai"), .init(id: "anthropic"), .init(id: "ollama", needsCredential: false)],
        virtualKeys: [.init(slug: "prod", provider: 0)], trustedHosts: TrustedHosts(["*.svc.cluster.local"]))

    /// Text → a program or at least one error, never both; every walk of the program ends.
    static func fuzzConfiguration(_ text: ByteSlice) {
        for origin in [ConfigOrigin.file, .header] {
            let compiled = PolicyCompiler(catalog: catalog, origin: origin).compile(text)
            precondition((compiled.program == nil) == compiled.diagnostics.hasErrors, "a program or an error")
            for diagnostic in compiled.diagnostics {
                precondition(diagnostic.position.offset >= 0 && diagnostic.position.offset <= text.count, "a fault lies in its text")
                precondition(diagnostic.position.line >= 1 && diagnostic.position.column >= 1, "places count from 1")
                precondition(!diagnostic.rendered(path: "c").utf8.contains(0x0A), "one line a fault")
            }
            if let program = compiled.program { checkProgram(program, text) }
        }
        _ = HostRules.judge(text, trusted: catalog.trustedHosts)
        _ = VirtualKeyName(model: text)
        _ = IPv6Address(text)
    }

    /// - Parameter text: the request the program is run over, its body and all its fields.
    static func checkProgram(_ program: Program, _ text: ByteSlice) {
        precondition(program.targets.count <= PolicyLimits.targetCount, "targets are bounded")
        for target in program.targets {
            precondition(program.bytes(target.path).hasPrefix("config"), "a target has a path")
            precondition(target.overrides.rows.count <= PolicyLimits.overrideCount, "overrides are bounded")
            for row in target.overrides.rows {
                let member = program.bytes(program.overrides[row].member)
                precondition(!member.isEmpty && member[0] == UInt8(ascii: "\""), "a member is ready to splice")
            }
            for row in target.forwardHeaders.rows { precondition(!program.bytes(program.headerNames[row]).isEmpty, "a header has a name") }
            if let host = target.host {
                if case .refused = host.verdict { preconditionFailure("a refused host compiles to nothing") }
            }
        }
        for outcome in [Outcome.status(500), .status(200), .status(429), .unreachable, .timedOut] {
            // A request that says nothing may match no condition.
            var plain = PlainCircumstances(seed: UInt64(text.count))
            plain.body = text
            plain.metadata = text
            plain.path = text
            plain.wallSeconds = 1_800_000_000
            plain.hindrances = [0: 7]
            plain.flights = [1: 100]
            guard var decision = try? Decision(program, &plain) else { continue }
            var visits = 1
            while (try? decision.advance(after: outcome, in: program, &plain)) == true { visits += 1 }
            precondition(visits <= program.targets.count, "no target is visited twice")
        }
    }
}
