import Bytes
import Glibc
import Reactor
import Testing

/// A resolver, its name server, and a clock the test moves.
private final class Scene {
    let server = NameServer()
    let resolver: Resolver
    /// How far the test has moved the clock ahead.
    var movedNanoseconds: UInt64 = 0

    init(attemptTimeoutMilliseconds: Int = 500, attempts: Int = 1) throws {
        resolver = try Resolver(
            servers: server.servers, attemptTimeoutMilliseconds: attemptTimeoutMilliseconds, attempts: attempts)
    }

    var now: Instant { Instant.now().adding(nanoseconds: movedNanoseconds) }
    func moveClock(seconds: UInt64) { movedNanoseconds += seconds * 1_000_000_000 }

    func resolve(_ host: String, only version: IPAddress.Version? = nil, token: UInt64 = 0) -> Resolution {
        Array(host.utf8).withByteSlice { resolver.resolve($0, only: version, token: token, now: now) }
    }

    /// One turn of a loop: sleeps until something is ready or due, at most 10 ms.
    func turn(answering: Bool = true) -> [Resolver.Completion] {
        var polled = ([resolver.descriptor] + server.descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let due = resolver.nextDeadline(now: now)?.nanoseconds(since: now) ?? .max
        poll(&polled, nfds_t(polled.count), CInt(min(10, due / 1_000_000 + 1)))
        if answering { server.step() }
        resolver.process(now: now)
        var completions: [Resolver.Completion] = []
        while let completion = resolver.nextCompletion() { completions.append(completion) }
        return completions
    }

    /// Turns until `count` completions have come, for at most three seconds.
    func complete(_ count: Int = 1) -> [Resolver.Completion] {
        var all: [Resolver.Completion] = []
        let limit = Instant.now().adding(nanoseconds: 3_000_000_000)
        while all.count < count, Instant.now() < limit { all += turn() }
        return all
    }

    /// Resolves and waits.
    func answer(_ host: String, only version: IPAddress.Version? = nil) -> Resolution {
        let first = resolve(host, only: version)
        guard case .pending = first else { return first }
        return complete().first?.resolution ?? .pending
    }
}

/// A resolution in words: addresses with commas, `stale:` before them, the error, or `pending`.
private func words(_ resolution: Resolution?) -> String {
    switch resolution {
    case .addresses(let found):
        (found.isStale ? "stale:" : "") + found.addresses.map { "\($0)" }.joined(separator: ",")
    case .failed(let error): "\(error)"
    case .pending: "pending"
    case nil: "nothing"
    }
}

private let v6a: [UInt8] = [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
private let v6b: [UInt8] = [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [2]

@Suite("Resolver")
struct ResolverTests {
    @Test("both families are asked for, and take turns in the answer, IPv6 first (RFC 8305 §4)")
    func interleaves() throws {
        let scene = try Scene()
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]], v6: [v6a, v6b])
        #expect(words(scene.answer("A.Example")) == "2001:db8::1,192.0.2.1,2001:db8::2,192.0.2.2,192.0.2.3")
        #expect(words(scene.answer("a.example", only: .v4)) == "192.0.2.1,192.0.2.2,192.0.2.3")
        #expect(words(scene.answer("a.example", only: .v6)) == "2001:db8::1,2001:db8::2")
        #expect(scene.server.count(of: "a.example", type: 1) == 1)
        #expect(scene.server.count(of: "a.example", type: 28) == 1)
    }

    @Test("numeric hosts and localhost are answered at once and asked of nobody", arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("[2001:db8::1]", "2001:db8::1"), ("localhost", "::1,127.0.0.1"),
        ("LocalHost.", "::1,127.0.0.1"), ("a.localhost", "::1,127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
    ])
    func knowsWithoutAsking(_ host: String, _ expected: String) throws {
        let scene = try Scene()
        #expect(words(scene.resolve(host)) == expected)
        scene.server.step()
        #expect(scene.server.queries.isEmpty)
    }

    @Test("what names no host is refused and asked of nobody", arguments: [
        "", ".", "..", "a..b", ".a", "a b", "a/b", "a\0b", "é.example", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001",
        "1.2.3.4.5", "a.0x", "256.1.1.1", "[127.0.0.1]", "[::1", "fe80::1%eth0", "[::1]x",
        String(repeating: "a", count: 64) + ".example", String(repeating: "a.", count: 126) + "ab",
    ])
    func refusesNames(_ host: String) throws {
        let scene = try Scene()
        #expect(words(scene.resolve(host)) == "the host name is malformed")
        scene.server.step()
        #expect(scene.server.queries.isEmpty)
    }

    @Test("a name with no address of one family has those of the other")
    func takesOneFamily() throws {
        let scene = try Scene()
        scene.server.entries["four.example"] = .init(v4: [[192, 0, 2, 1]])
        #expect(words(scene.answer("four.example")) == "192.0.2.1")
        #expect(words(scene.answer("four.example", only: .v6)) == "the host name has no address")
    }

    @Test("an answer serves as long as its TTL, and then is asked for again")
    func honoursTTL() throws {
        let scene = try Scene()
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]], ttl: 30)
        _ = scene.answer("a.example")
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 2]], ttl: 30)
        scene.moveClock(seconds: 29)
        #expect(words(scene.resolve("a.example")) == "192.0.2.1")
        scene.moveClock(seconds: 2)
        #expect(words(scene.answer("a.example")) == "192.0.2.2")
    }

    @Test("a TTL is held between one second and one hour, and an alias's counts", arguments: [
        (0, nil, 1), (30, nil, 30), (3_600, nil, 3_600), (86_400, nil, 3_600), (4_294_967_295, nil, 1), (60, 5, 5),
    ] as [(UInt32, UInt32?, UInt64)])
    func clampsTTL(_ ttl: UInt32, _ aliasTTL: UInt32?, _ seconds: UInt64) throws {
        let scene = try Scene()
        var entry = NameServer.Entry(v4: [[192, 0, 2, 1]], v6: [v6a], ttl: ttl)
        if let aliasTTL { entry.alias = ("b.example", aliasTTL) }
        scene.server.entries["a.example"] = entry
        let before = scene.now
        guard case .addresses(let found) = scene.answer("a.example") else {
            Issue.record("not found")
            return
        }
        let life = found.expiresAt.nanoseconds(since: before)
        #expect(life >= seconds * 1_000_000_000 && life < (seconds + 2) * 1_000_000_000)
    }

    @Test("a name that does not exist is not asked for again for five seconds")
    func remembersAbsence() throws {
        let scene = try Scene()
        #expect(words(scene.answer("no.example.")) == "the host name does not exist")
        let asked = scene.server.queries.count
        scene.moveClock(seconds: 4)
        #expect(words(scene.resolve("no.example.")) == "the host name does not exist")
        scene.moveClock(seconds: 2)
        scene.server.entries["no.example"] = .init(v4: [[192, 0, 2, 1]])
        #expect(words(scene.answer("no.example.")) == "192.0.2.1")
        #expect(scene.server.queries.count > asked)
    }

    @Test("servers that fail, refuse or say nothing sensible are told apart", arguments: [
        (NameServer.Entry(code: 2), "the name servers failed or cannot be reached"),
        (NameServer.Entry(code: 5), "the name servers failed or cannot be reached"),
        (NameServer.Entry(), "the host name has no address"),
        (NameServer.Entry(held: [1, 28]), "the name servers did not answer in time"),
    ])
    func tellsFailures(_ entry: NameServer.Entry, _ expected: String) throws {
        let scene = try Scene(attemptTimeoutMilliseconds: 100)
        scene.server.entries["a.example"] = entry
        #expect(words(scene.answer("a.example.")) == expected)
    }

    @Test("garbage is no answer and no crash", arguments: [
        [], [0x81], [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], [UInt8](repeating: 0xFF, count: 64),
        [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1], [UInt8](repeating: 0xC0, count: 400),
    ] as [[UInt8]])
    func survivesGarbage(_ garbage: [UInt8]) throws {
        let scene = try Scene()
        scene.server.entries["a.example"] = .init(garbage: garbage)
        guard case .failed = scene.answer("a.example.") else {
            Issue.record("garbage was taken for an answer")
            return
        }
    }

    @Test("an answer with some bytes changed is an answer or a failure, and the next one is right")
    func survivesMutation() throws {
        let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...(.max))
        print("SLUICE_SEED=\(seed)")
        let scene = try Scene(attemptTimeoutMilliseconds: 10)
        var random = SplitMix(state: seed)
        for round in 0..<100 {
            let name = "n\(round).example"
            scene.server.entries[name] = .init(v4: [[192, 0, 2, 1]], v6: [v6a], alias: ("b.example", 60))
            scene.server.mutate = { message in
                // The identifier stays: c-ares would not look further.
                for _ in 0..<3 { message[Int.random(in: 2..<message.count, using: &random)] = .random(in: 0...255, using: &random) }
            }
            if case .pending = scene.answer(name + ".") { Issue.record("no end to round \(round), SLUICE_SEED=\(seed)") }
        }
        scene.server.mutate = nil
        scene.server.entries["good.example"] = .init(v4: [[192, 0, 2, 1]])
        scene.moveClock(seconds: 1)
        #expect(words(scene.answer("good.example.")) == "192.0.2.1")
    }

    @Test("after a failure the configuration is read anew, and the descriptor stays the same")
    func reopens() throws {
        let scene = try Scene()
        let descriptor = scene.resolver.descriptor
        scene.server.entries["a.example"] = .init(code: 2)
        for turn in 0..<4 {
            #expect(words(scene.answer("a.example.")) == "the name servers failed or cannot be reached", "turn \(turn)")
            scene.moveClock(seconds: 11)
        }
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]])
        #expect(words(scene.answer("a.example.")) == "192.0.2.1")
        #expect(scene.resolver.descriptor == descriptor)
    }

    @Test("a truncated answer is asked for again over TCP (RFC 7766 §5)")
    func fallsBackToTCP() throws {
        let scene = try Scene()
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]], v6: [v6a], isTruncated: true)
        #expect(words(scene.answer("a.example")) == "2001:db8::1,192.0.2.1")
        #expect(scene.server.queries.contains(.init(name: "a.example", type: 1, isTCP: true)))
    }

    @Test("a name that is being asked for is not asked for again, and all its callers are told")
    func sharesQuestions() throws {
        let scene = try Scene()
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]], v6: [v6a])
        for token in 1...10 as ClosedRange<UInt64> {
            let resolution = scene.resolve("a.example", only: token == 3 ? .v4 : nil, token: token)
            #expect(words(resolution) == "pending")
        }
        scene.resolver.cancel(token: 7)
        let completions = scene.complete(9)
        #expect(completions.map { $0.token } == [1, 2, 3, 4, 5, 6, 8, 9, 10])
        #expect(words(completions[2].resolution) == "192.0.2.1")
        #expect(scene.server.queries.count == 2)
        #expect(scene.turn().isEmpty)
    }

    @Test("the second family is waited for 50 ms, and its late answer is taken in (RFC 8305 §3)", arguments: [1, 28] as [UInt16])
    func waitsBriefly(_ late: UInt16) throws {
        let scene = try Scene(attemptTimeoutMilliseconds: 2_000)
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]], v6: [v6a], held: [late])
        let start = Instant.now()
        #expect(words(scene.answer("a.example")) == (late == 1 ? "2001:db8::1" : "192.0.2.1"))
        let waited = Instant.now().nanoseconds(since: start)
        #expect(waited >= 50_000_000 && waited < 1_000_000_000)
        scene.server.release(late)
        for _ in 0..<20 { _ = scene.turn() }
        #expect(words(scene.resolve("a.example")) == "2001:db8::1,192.0.2.1")
    }

    @Test("a family that fails for no good reason shortens the other's life")
    func shortensPartialAnswers() throws {
        let scene = try Scene()
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]], ttl: 600, codeForV6: 2)
        #expect(words(scene.answer("a.example")) == "192.0.2.1")
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]], v6: [v6a], ttl: 600)
        scene.moveClock(seconds: 11)
        #expect(words(scene.answer("a.example")) == "2001:db8::1,192.0.2.1")
    }

    @Test("an expired answer serves on once while the servers fail, but not against their word")
    func servesStaleOnce() throws {
        let scene = try Scene()
        let good = NameServer.Entry(v4: [[192, 0, 2, 1]], ttl: 10)
        scene.server.entries["a.example"] = good
        _ = scene.answer("a.example.")
        scene.server.entries["a.example"] = .init(code: 2)
        scene.moveClock(seconds: 11)
        #expect(words(scene.answer("a.example.")) == "stale:192.0.2.1")
        scene.moveClock(seconds: 299)
        #expect(words(scene.resolve("a.example.")) == "stale:192.0.2.1")
        scene.moveClock(seconds: 2)
        #expect(words(scene.answer("a.example.")) == "the name servers failed or cannot be reached")
        scene.server.entries["a.example"] = good
        scene.moveClock(seconds: 2)
        #expect(words(scene.answer("a.example.")) == "192.0.2.1")
        scene.server.entries["a.example"] = nil
        scene.moveClock(seconds: 11)
        #expect(words(scene.answer("a.example.")) == "the host name does not exist")
    }

    @Test("a caller waits five seconds at most, whatever the servers do")
    func endsWaiting() throws {
        let scene = try Scene(attemptTimeoutMilliseconds: 60_000)
        scene.server.entries["a.example"] = .init(held: [1, 28])
        #expect(words(scene.resolve("a.example")) == "pending")
        #expect(scene.turn().isEmpty)
        scene.moveClock(seconds: 5)
        #expect(words(scene.turn().first?.resolution) == "the name servers did not answer in time")
    }

    @Test("with nothing to ask there is no deadline, and asking sets one")
    func setsDeadlines() throws {
        let scene = try Scene()
        #expect(scene.resolver.nextDeadline(now: scene.now) == nil)
        scene.server.entries["a.example"] = .init(v4: [[192, 0, 2, 1]])
        _ = scene.resolve("a.example")
        let wait = scene.resolver.nextDeadline(now: scene.now)?.nanoseconds(since: scene.now)
        #expect(wait.map { $0 <= 501_000_000 } == true)
        _ = scene.complete()
        for _ in 0..<3 { _ = scene.turn() }
        #expect(scene.resolver.nextDeadline(now: scene.now) == nil)
    }

    @Test("too many names at once are refused, and the others are answered all the same")
    func boundsNamesInFlight() throws {
        let scene = try Scene(attemptTimeoutMilliseconds: 1_000)
        for index in 0..<ResolverLimits.namesInFlight {
            scene.server.entries["n\(index).example"] = .init(v4: [[192, 0, 2, 1]])
            #expect(words(scene.resolve("n\(index).example", token: UInt64(index))) == "pending")
            if index % 16 == 15 { scene.server.step() }
        }
        #expect(words(scene.resolve("more.example")) == "too many names are being resolved")
        #expect(Set(scene.complete(ResolverLimits.namesInFlight).map { $0.token }).count == ResolverLimits.namesInFlight)
    }

    @Test("the names remembered are bounded")
    func boundsNames() throws {
        let scene = try Scene(attemptTimeoutMilliseconds: 1_000)
        for index in 0..<(ResolverLimits.cachedNames + 100) {
            _ = scene.resolve("n\(index).example.", token: UInt64(index))
            if index % 64 == 63 { _ = scene.complete(64) }
        }
        #expect(scene.resolver.nameCount <= ResolverLimits.cachedNames)
        #expect(scene.resolver.nameCount > 0)
    }

    @Test("a resolver may end while names are being asked for")
    func endsEarly() throws {
        let server = NameServer()
        do {
            let resolver = try Resolver(servers: server.servers)
            _ = resolver.resolve(ByteSlice("a.example"), token: 1, now: .now())
        }
        server.step()
        #expect(server.queries.count <= 2)
    }

    @Test("a wrong list of servers is refused")
    func refusesServers() {
        #expect(throws: ResolverSetupError.self) { try Resolver(servers: "not-an-address") }
    }

    @Test("names of /etc/hosts are known without a server")
    func readsHostsFile() throws {
        guard let file = fopen("/etc/hosts", "r") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 1024)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split { " \t\n".contains($0) }
            guard words.count >= 2, !words[0].hasPrefix("#"), !words[0].contains(":"), !words[1].hasPrefix("localhost"),
                !words[1].hasPrefix("ip6")
            else { continue }
            let scene = try Scene()
            #expect(ReactorTests.words(scene.answer(String(words[1]), only: .v4)).contains(words[0]))
            return
        }
    }
}
