import Bytes
import Glibc
import JSON
import Policy

/// The world the tests' configs are compiled in.
enum Fixture {
    static let catalog = Catalog(
        providers: [
            .init(id: "openai"), .init(id: "anthropic"), .init(id: "groq"), .init(id: "ollama", needsCredential: false),
        ],
        virtualKeys: [.init(slug: "openai-prod", provider: 0), .init(slug: "claude", provider: 1)],
        configNames: ["main"],
        trustedHosts: TrustedHosts(["10.0.0.5", "*.svc.cluster.local"]))

    static func compile(_ text: String, origin: ConfigOrigin = .file) -> (program: Program?, diagnostics: [Diagnostic]) {
        let bytes = Array(text.utf8)
        return bytes.withByteSlice { PolicyCompiler(catalog: catalog, origin: origin).compile($0) }
    }

    static func program(_ text: String, origin: ConfigOrigin = .file) throws -> Program {
        let compiled = compile(text, origin: origin)
        guard let program = compiled.program else { throw Unexpected(text: compiled.diagnostics.rendered(path: "config")) }
        return program
    }

    static func header(_ text: String, requestNamesProvider: Bool = false) -> Result<Program, ConfigRefusal> {
        Array(text.utf8).withByteSlice { bytes in
            do throws(ConfigRefusal) {
                return .success(
                    try PolicyCompiler.compile(header: bytes, catalog: catalog, requestNamesProvider: requestNamesProvider))
            } catch {
                return .failure(error)
            }
        }
    }

    struct Unexpected: Error { let text: String }
}

extension Decision {
    /// Of a request that says nothing, with every target free.
    init(_ program: Program) throws {
        var plain = PlainCircumstances()
        try self.init(program, &plain)
    }

    mutating func advance(after outcome: Outcome, in program: Program) throws -> Bool {
        var plain = PlainCircumstances()
        return try advance(after: outcome, in: program, &plain)
    }
}

extension Program {
    func text(_ run: ByteRun) -> String { String(bytes(run)) }

    /// The override members of a target, joined as they would stand in a body.
    func overrideText(_ target: Int) -> String {
        targets[target].overrides.rows.map { text(overrides[$0].member) }.joined(separator: ",")
    }

    func headerText(_ target: Int) -> [String] { targets[target].forwardHeaders.rows.map { text(headerNames[$0]) } }

    func path(_ target: Int) -> String { text(targets[target].path) }
}

/// Numbers that a printed seed brings back: xorshift, good enough for choosing.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    let seed: UInt64

    /// From `SLUICE_SEED`, else a new one.
    static func fromEnvironment() -> SeededRandom {
        let given = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) }
        return SeededRandom(seed: given ?? UInt64.random(in: 1...UInt64(UInt32.max)))
    }

    init(seed: UInt64) {
        self.seed = seed
        state = seed | 1
    }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
