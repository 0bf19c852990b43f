import Bytes
import Policy
import Testing

@Suite("Names")
struct NameTests {
    @Test("every name is found by its bytes, and no other is")
    func tables() {
        let names = (0..<300).map { "name-\($0)" }
        let table = NameTable(names)
        for (index, name) in names.enumerated() { #expect(table.index(of: name) == index) }
        for missing in ["", "name-", "name-300", "NAME-1"] { #expect(table.index(of: missing) == nil) }
        #expect(NameTable([]).index(of: ByteSlice("a")) == nil)
        #expect(NameTable(["a", "b", "a"]).index(of: "a") == 0)
    }

    @Test("a model names a virtual key only with @, a slug and a model", arguments: [
        ("@slug/gpt-4o", "slug", "gpt-4o"), ("@groq/meta-llama/llama-4", "groq", "meta-llama/llama-4"), ("gpt-4o", nil, nil), ("@slug", nil, nil),
        ("@slug/", nil, nil), ("@/gpt", nil, nil), ("@", nil, nil), ("", nil, nil), ("slug/gpt", nil, nil),
    ] as [(String, String?, String?)])
    func models(text: String, slug: String?, model: String?) {
        Array(text.utf8).withByteSlice { bytes in
            let name = VirtualKeyName(model: bytes)
            #expect(name.map { String($0.slug) } == slug)
            #expect(name.map { String($0.model) } == model)
        }
    }

    @Test("a provider header names a virtual key with @ and a slug alone", arguments: [
        ("@slug", "slug"), ("openai", nil), ("@", nil), ("@a/b", nil), ("", nil),
    ] as [(String, String?)])
    func providers(text: String, slug: String?) {
        Array(text.utf8).withByteSlice { bytes in
            #expect(VirtualKeyName(provider: bytes).map { String($0.slug) } == slug)
        }
    }

    @Test("the nearest name forgives a slip and no more")
    func nearest() {
        let names = ["provider", "override_params", "retry"]
        #expect(NearestName.find("provder", among: names) == "provider")
        #expect(NearestName.find("rtery", among: names) == "retry")
        #expect(NearestName.find("Overide_Params", among: names) == "override_params")
        #expect(NearestName.find("banana", among: names) == nil)
        #expect(NearestName.find(String(repeating: "a", count: 10_000), among: names) == nil)
    }

    @Test("a status set holds exactly what was put in")
    func statuses() {
        let set = StatusSet([100, 429, 599, 600, 99, -1, .max])
        #expect((0...700).filter { set.contains($0) } == [100, 429, 599])
        #expect(!set.contains(.min))
    }

    @Test("a program for one provider has one target, config, and passes the caller's credential")
    func singlePrograms() throws {
        let program = Program.single(provider: 3, credential: .caller)
        #expect(program.targets.count == 1)
        #expect(program.path(0) == "config")
        #expect(!program.needsGatewayKey)
        #expect(Program.single(provider: 0, credential: .virtualKey(1)).needsGatewayKey)
        #expect(Program.single(provider: nil, credential: .none).needsRequestProvider)
        var decision = try Decision(program)
        let goesOn = try decision.advance(after: .unreachable, in: program)
        #expect(!goesOn)
    }

    @Test("retries wait twice as long each time and go by the list, but for broken connections")
    func retries() {
        let policy = RetryPolicy(attempts: 5, statuses: StatusSet([429]), usesRetryAfter: false)
        #expect((1...5).map { policy.backoffMilliseconds(beforeRepeat: $0, random: 0) } == [900, 1800, 3600, 7200, 14400])
        for random in [0, 1, 200, 201, UInt64.max] {
            #expect((900...1100).contains(policy.backoffMilliseconds(beforeRepeat: 1, random: random)))
            #expect((14_400...17_600).contains(policy.backoffMilliseconds(beforeRepeat: 5, random: random)))
        }
        #expect(policy.repeats(after: .status(429)))
        #expect(!policy.repeats(after: .status(503)))
        #expect(policy.repeats(after: .unreachable))
        #expect(!policy.repeats(after: .timedOut))
    }
}
