import Bytes
import Glibc
import Testing

@testable import Cache

@Suite("Cache keys")
struct CacheKeyTests {
    private static let seed = CacheSeed(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)

    /// Numbers that follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
    struct SeededRandom: RandomNumberGenerator {
        private var state: UInt64

        init(_ what: String) {
            state = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...UInt64(UInt32.max))
            print("\(what): SLUICE_SEED=\(state)")
        }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private func key(_ body: [UInt8]) -> CacheKey? {
        var maker = CacheKeyMaker(Self.seed)
        maker.begin()
        guard body.withByteSlice({ maker.addBody($0) }) != nil else { return nil }
        return maker.key(form: 0)
    }

    private func key(_ body: String) -> CacheKey? { key(Array(body.utf8)) }

    private func form(_ body: String) -> RequestedForm? {
        var maker = CacheKeyMaker(Self.seed)
        return Array(body.utf8).withByteSlice { maker.addBody($0) }
    }

    // MARK: The hash

    /// Each of `count` bytes its own place, fed in pieces of `step`.
    private func hash(_ count: Int, step: Int) -> [UInt8] {
        var hash = SipHash(Self.seed)
        let bytes = (0..<count).map { UInt8($0) }
        for start in stride(from: 0, to: count, by: step) { Array(bytes[start..<min(count, start + step)]).withByteSlice { hash.append($0) } }
        let digest = hash.finish()
        return [digest.low, digest.high].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
    }

    @Test(
        "SipHash-1-3-128 gives OpenSSL's outputs (openssl mac -macopt size:16 -macopt c-rounds:1 -macopt d-rounds:3 SIPHASH)",
        arguments: [
            (0, "e77ebcb22788a5befd62db6add303001"), (1, "fc6f370460d3eda85e0573cc2b2ff063"),
            (3, "6bc5ccfa1edcf79f4823187712ebd743"), (7, "1084b923f2aae0c3a62f2ec80848ab77"),
            (8, "aa12fee1d5e3dab4724f16ab35f9c799"), (13, "b2f858c7c9ea801d53d603596d657844"),
            (16, "d0a8d95715518eebb513b0f83d9e1793"), (63, "4c5800e34efe426f079f6b0aa75260ad"),
        ])
    func vectors(count: Int, digits: String) {
        let text = hash(count, step: 1).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == digits)
    }

    @Test("where the pieces end that are hashed makes no difference", arguments: 0...40)
    func pieces(count: Int) {
        let whole = hash(count, step: max(1, count))
        for step in 1...17 { #expect(hash(count, step: step) == whole) }
        var words = SipHash(Self.seed)
        var bytes = SipHash(Self.seed)
        for _ in 0..<count % 9 {
            words.append(7 as UInt8)
            bytes.append(7 as UInt8)
        }
        words.append(0x0102_0304_0506_0708 as UInt64)
        for byte in (1...8).reversed() { bytes.append(UInt8(byte)) }
        #expect(words.finish() == bytes.finish())
    }

    @Test("forms of one request's answer differ in two bits, and another request's in more", arguments: 0...3 as ClosedRange<UInt8>)
    func forms(form: UInt8) throws {
        let key = try #require(self.key(#"{"a":1}"#))
        let other = try #require(self.key(#"{"a":2}"#))
        #expect(key.inForm(form).high == key.high && key.inForm(form).low >> 2 == key.low >> 2 && key.inForm(form).low & 3 == UInt64(form))
        #expect(other.low >> 2 != key.low >> 2 && other.high != key.high)
    }

    // MARK: Bodies

    @Test(
        "bodies that say the same have one key",
        arguments: [
            (#"{"model":"m","temperature":0}"#, #" { "temperature" : 0 ,"#  + "\n\t\r" + #""model":"m" } "#),
            (#"{"a":"é😀\n/"}"#, #"{"\u0061":"\u00e9\uD83D\uDE00\u000A\/"}"#),
            (#"{"messages":[{"role":"user","content":"x"}]}"#, #"{"messages":[{"content":"x","role":"user"}]}"#),
            (#"{"a":1}"#, #"{"a":1,"stream":true}"#),
            (#"{"a":1,"stream":false}"#, #"{"a":1,"stream":true,"stream_options":{"include_usage":true}}"#),
            (#"{"a":1,"str\u0065am":true}"#, #"{"a":1,"stream_options":null}"#),
            (#"{}"#, #"{"stream":null}"#),
        ])
    func sameKey(one: String, other: String) {
        #expect(key(one) != nil)
        #expect(key(one) == key(other))
    }

    @Test(
        "bodies that differ in what they say have two keys",
        arguments: [
            (#"{"a":1}"#, #"{"a":1.0}"#),
            (#"{"a":1}"#, #"{"a":"1"}"#),
            (#"{"a":true}"#, #"{"a":"true"}"#),
            (#"{"a":null}"#, #"{}"#),
            (#"{"a":null}"#, #"{"a":false}"#),
            (#"{"a":[]}"#, #"{"a":{}}"#),
            (#"{"a":[[]]}"#, #"{"a":[]}"#),
            (#"{"a":[1,2]}"#, #"{"a":[2,1]}"#),
            (#"{"a":[1,2]}"#, #"{"a":[12]}"#),
            (#"{"a":["b","c"]}"#, #"{"a":["bc"]}"#),
            (#"{"a":["b",["c"]]}"#, #"{"a":[["b"],"c"]}"#),
            (#"{"a":"b","c":"d"}"#, #"{"a":"d","c":"b"}"#),
            (#"{"a":{"b":1},"c":{}}"#, #"{"a":{},"c":{"b":1}}"#),
            (#"{"a":{"x":1,"y":2}}"#, #"{"a":[{"x":1},{"y":2}]}"#),
            (#"{"ab":"c"}"#, #"{"a":"bc"}"#),
            (#"{"a":"x "}"#, #"{"a":"x"}"#),
            (#"{"a":"\ud800"}"#, #"{"a":"\ufffd"}"#),
            (#"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#),
            (#"{"a":"é"}"#, #"{"a":"e\u0301"}"#),
            (#"{"messages":[{"stream":true}]}"#, #"{"messages":[{"stream":false}]}"#),
            (#"{"stream":true}"#, #"{"stream":"true"}"#),
            (#"{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}"#, #"{"stream":true}"#),
            (#"{"stream_options":{"include_usage":1}}"#, #"{}"#),
            (#"{"A":1}"#, #"{"a":1}"#),
        ])
    func otherKey(one: String, other: String) {
        #expect(key(one) != nil && key(other) != nil)
        #expect(key(one) != key(other))
    }

    @Test(
        "a body that two readers may take for two requests has no key",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"m":[{"b":{"c":1,"d":2,"c":1}}]}"#, #"{"stream":true,"stream":true}"#,
            "{" + (0..<40).map { "\"k\($0)\":1" }.joined(separator: ",") + ",\"k17\":1}",
        ])
    func duplicates(body: String) { #expect(key(body) == nil) }

    @Test("what is no object has no key", arguments: ["", "[]", "1", "{", #"{"a""#, #"{"a":}"#, #"{"a":"b"#, #"{"a":"\x"}"#, "{} x", #"{"a":1"#, #"{"a":[1"#])
    func broken(body: String) { #expect(key(body) == nil) }

    @Test("the form that is asked for is told, and is no part of the key")
    func forms() {
        #expect(form(#"{"a":1}"#) == RequestedForm())
        #expect(form(#"{"stream":true}"#) == RequestedForm(isStream: true))
        #expect(form(#"{"stream_options":{"include_usage":true},"stream":true}"#) == RequestedForm(isStream: true, includesUsage: true, isUnusual: true))
        #expect(form(#"{"stream":true,"stream_options":{"include_usage":false}}"#) == RequestedForm(isStream: true, isUnusual: true))
        #expect(form(#"{"stream":false,"stream_options":{}}"#) == RequestedForm(isUnusual: true))
        #expect(form(#"{"stream":null}"#) == RequestedForm(isUnusual: true))
    }

    @Test("10,000 bodies share a key with what says the same, and with nothing that differs in a value or a type; with a name twice there is no key")
    func randomPairs() {
        var random = SeededRandom("cache keys")
        var keys: [CacheKey: JSONSample] = [:]
        for round in 0..<10_000 {
            let body = JSONSample.body(&random)
            let first = key(body.text(&random))
            #expect(first != nil, "round \(round)")
            #expect(first == key(body.text(&random)), "round \(round): \(String(decoding: body.text(&random), as: UTF8.self))")
            let other = body.changed(&random)
            if case .object = other {
                let second = key(other.text(&random))
                #expect(second != nil && second != first, "round \(round): \(String(decoding: other.text(&random), as: UTF8.self))")
            }
            if let twice = body.repeated(&random) { #expect(key(twice.text(&random)) == nil, "round \(round)") }
            guard let first else { continue }
            if let known = keys[first] { #expect(known == body, "round \(round): two bodies, one key") }
            keys[first] = body
        }
    }

    @Test("bytes that are not JSON, or end early, are read within their bounds and have no key, or one")
    func mutations() {
        var random = SeededRandom("cache key mutations")
        for _ in 0..<2_000 {
            var text = JSONSample.body(&random).text(&random)
            for _ in 0..<Int.random(in: 0...3, using: &random) where !text.isEmpty {
                text[Int.random(in: text.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // In memory of exactly their size, so that a sanitizer sees one byte too many.
            let exact = Array(text.prefix(Int.random(in: 0...text.count, using: &random)))
            #expect(key(exact) == key(exact))
        }
    }

    @Test("a body past a limit has no key, one at the limit has: depth, members of an object, members open at once")
    func limits() {
        func nested(_ depth: Int) -> String { "{\"a\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}" }
        #expect(key(nested(CacheKeyLimits.depth)) != nil)
        #expect(key(nested(CacheKeyLimits.depth + 1)) == nil)
        func wide(_ count: Int, inside: String = "1") -> String { "{" + (0..<count).map { "\"k\($0)\":\($0 == count - 1 ? inside : "1")" }.joined(separator: ",") + "}" }
        #expect(key(wide(CacheKeyLimits.members)) != nil)
        #expect(key(wide(CacheKeyLimits.members + 1)) == nil)
        let full = CacheKeyLimits.openNames / CacheKeyLimits.members
        func open(last: Int) -> String {
            var text = wide(last)
            for _ in 0..<full - 1 { text = wide(CacheKeyLimits.members, inside: text) }
            return text
        }
        #expect(key(open(last: CacheKeyLimits.members)) != nil)
        #expect(key(wide(1, inside: open(last: CacheKeyLimits.members))) == nil)
    }

    // MARK: Parts

    /// A key of which every part is given; `change` makes it another.
    private func whole(
        seed: CacheSeed = Self.seed, form: UInt8 = 0, _ change: (inout CacheKeyMaker) -> Void = { _ in }, replacing part: CacheKeyMaker.Part? = nil
    ) -> CacheKey {
        var maker = CacheKeyMaker(seed)
        maker.begin()
        for each in CacheKeyMaker.Part.allCases where each != part { maker.add(each, ByteSlice("value")) }
        if let part { maker.add(part, ByteSlice("other")) }
        maker.addField(ByteSlice("anthropic-beta"), ByteSlice("one"))
        change(&maker)
        _ = maker.addBody(ByteSlice(#"{"model":"m"}"#))
        return maker.key(form: form)
    }

    @Test("each part changes the key", arguments: CacheKeyMaker.Part.allCases)
    func parts(part: CacheKeyMaker.Part) { #expect(whole() != whole(replacing: part)) }

    @Test("a part that is not given is none that is empty, and no part runs into the next")
    func borders() {
        var keys: Set<CacheKey> = []
        for (tenant, namespace) in [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")] {
            var maker = CacheKeyMaker(Self.seed)
            maker.begin()
            Array(tenant.utf8).withByteSlice { maker.add(.tenant, $0) }
            Array(namespace.utf8).withByteSlice { maker.add(.namespace, $0) }
            keys.insert(maker.key(form: 0))
        }
        var maker = CacheKeyMaker(Self.seed)
        maker.begin()
        maker.add(.tenant, ByteSlice("abc"))
        keys.insert(maker.key(form: 0))
        #expect(keys.count == 5)
    }

    @Test("the form and the process's seed change the key")
    func formAndSeed() {
        #expect(whole(form: 0) != whole(form: 1))
        #expect(whole() != whole(seed: CacheSeed(low: 1, high: 2)))
    }

    @Test("header fields count by name and value, not by order or capitals; the same twice is not the same once")
    func fields() {
        let one = whole { $0.addField(ByteSlice("X-A"), ByteSlice("1")); $0.addField(ByteSlice("x-b"), ByteSlice("2")) }
        #expect(one == whole { $0.addField(ByteSlice("X-B"), ByteSlice(" 2\t")); $0.addField(ByteSlice("x-a"), ByteSlice("1")) })
        #expect(one != whole { $0.addField(ByteSlice("x-a"), ByteSlice("2")); $0.addField(ByteSlice("x-b"), ByteSlice("1")) })
        #expect(one != whole { $0.addField(ByteSlice("x-a"), ByteSlice("1")) })
        #expect(whole { $0.addField(ByteSlice("x-a"), ByteSlice("1")) } != whole { for _ in 0..<2 { $0.addField(ByteSlice("x-a"), ByteSlice("1")) } })
        #expect(whole { $0.addField(ByteSlice("x-a"), ByteSlice("A")) } != whole { $0.addField(ByteSlice("x-a"), ByteSlice("a")) })
    }

    @Test("one maker's keys depend on nothing that it made before")
    func reuse() {
        var maker = CacheKeyMaker(Self.seed)
        func make(_ maker: inout CacheKeyMaker, _ tenant: StaticString) -> CacheKey {
            maker.begin()
            maker.add(.tenant, ByteSlice(tenant))
            maker.addField(ByteSlice("x-a"), ByteSlice(tenant))
            _ = maker.addBody(ByteSlice(#"{"a":{"b":[1,{"c":"d"}]}}"#))
            return maker.key(form: 0)
        }
        let first = make(&maker, "one")
        _ = maker.addBody(ByteSlice(#"{"a":{"b":[1,{"c":"#))
        #expect(make(&maker, "two") != first)
        #expect(make(&maker, "one") == first)
    }

    @Test("a body that comes again has the key and the form that it had, whatever came between")
    func again() {
        var random = SeededRandom("again")
        var maker = CacheKeyMaker(Self.seed)
        let bodies = (0..<3 * CacheKeyLimits.knownBodies).map { number in
            Array(#"{"n":\#(number % 7 == 0 ? "1,\"n\":2" : "\(number)"),"stream":\#(number % 3 == 0),"stream_options":{"include_usage":\#(number % 2 == 0)}}"#.utf8)
        }
        for _ in 0..<5000 {
            // A few of them most of the time, so that many are known.
            let body = bodies[Int.random(in: 0..<(Bool.random(using: &random) ? bodies.count : 50), using: &random)]
            maker.begin()
            let found = body.withByteSlice { maker.addBody($0) }
            #expect(found == form(String(decoding: body, as: UTF8.self)))
            #expect(found == nil || maker.key(form: 0) == key(body))
        }
    }

    @Test("a digest of parts tells where each ends")
    func digests() {
        #expect(Self.seed.digest([[1], [2]]) != Self.seed.digest([[1, 2]]))
        #expect(Self.seed.digest([[], [1, 2]]) != Self.seed.digest([[1, 2], []]))
        #expect(Self.seed.digest([[1], [2]]) == Self.seed.digest([[1], [2]]))
        #expect(Self.seed.digest([]).count == 16)
    }
}
