import Bytes
import Testing

@testable import Mock

/// What `text` scripts, with the text of `reply` copied out.
private func script(_ text: String) throws(ScriptError) -> (script: Script, reply: String?) {
    var decoded = Output()
    let bytes = Array(text.utf8)
    let script = try bytes.withByteSlice { slice throws(ScriptError) in try Script(slice, decoded: &decoded) }
    return (script, script.reply.map { String($0) })
}

@Suite("Script in a model's name")
struct ScriptTests {
    @Test("every key of the list is understood")
    func everyKeyIsUnderstood() throws {
        let known = Script.knownKeys.description.split(separator: ",").map { $0.trimming(while: { $0 == " " }) }
        #expect(known.count == 29)
        for key in known { _ = try script("\(key)=\(key == "status" ? "200" : key == "finish" ? "length" : "1")") }
        #expect(throws: ScriptError.self) { try script("Tokens=1") }
    }

    @Test("keys set what they name")
    func keysSetWhatTheyName() throws {
        let read = try script("tokens=20&gap=5&status=429&retry_after=2&fail=3&cut=0&echo=1&reply=a+b%26c%zz").script
        #expect(read.tokens == 20)
        #expect(read.gapNanoseconds == 5_000_000)
        #expect(read.status == 429)
        #expect(read.retryAfter == 2)
        #expect(read.failures == 3)
        #expect(read.cut == 0)
        #expect(read.echo)
        #expect(!read.hang)
    }

    @Test("a reply is decoded as a query is", arguments: [
        ("a+b", "a b"), ("a%20b", "a b"), ("%C3%B6", "ö"), ("%zz", "%zz"), ("%4", "%4"), ("", ""), ("a=b", "a=b"),
    ])
    func repliesAreDecoded(_ written: String, _ read: String) throws {
        #expect(try script("reply=\(written)").reply == read)
    }

    @Test("a value out of its range is refused", arguments: [
        "tokens=-1", "tokens=", "tokens", "tokens=99999999999999999999", "status=99", "status=600", "hang=2", "chunk=0",
        "size=67108865", "latency=5-", "latency=9-3", "latency=p0:1", "latency=p50:5,p40:6", "latency=p50:5,p60:4",
        "latency=p1:1,p2:2,p3:3,p4:4,p5:5", "latency=3600001", "gap=x", "tools=65", "finish=stop", "refusal=yes", "audio=1048577",
    ])
    func valuesOutOfRangeAreRefused(_ text: String) {
        #expect(throws: ScriptError.self) { try script(text) }
    }

    @Test("a percentile is where the script puts it")
    func percentilesHold() throws {
        var random = Random(seed: 7)
        let latency = try script("latency=p50:20,p99:200").script.latency
        let drawn = (0..<20_000).map { _ in latency.sample(&random) / 1000 }.sorted()
        #expect(abs(Int(drawn[10_000]) - 20_000) < 1000)
        #expect(abs(Int(drawn[19_800]) - 200_000) < 5000)
        #expect(drawn.last.map { $0 <= 200_000 } == true)
        let uniform = try script("latency=20-80").script.latency
        #expect((0..<1000).allSatisfy { _ in (20_000_000...80_000_000).contains(uniform.sample(&random)) })
        #expect(try script("latency=5").script.latency.sample(&random) == 5_000_000)
        #expect(try script("latency=0").script.latency.isNone)
    }
}

extension StringProtocol {
    fileprivate func trimming(while isTrimmed: (Character) -> Bool) -> String {
        String(drop(while: isTrimmed).reversed().drop(while: isTrimmed).reversed())
    }
}
