import Bytes
import Health
import JSON
import Patterns
import Policy

/// What policy costs a request (the walk) and a change of configuration (the compile).
/// Each run returns something of its results, so that none can be left out by the optimiser.
var policyBenchmarks: [Benchmark] {
    [
        walking("policy/decision: 3 levels, 10 targets, first one answers", deepConfig(), after: .status(200)),
        walking("policy/decision: 3 levels, 10 targets, all fail", deepConfig(), after: .status(503)),
        walking("policy/decision: 3 levels, 10 targets, conditions and weights", routedConfig(), after: .status(200)),
        walking("policy/decision: sticky among 10", stickyConfig(), after: .status(200)),
        finding("policy/a header config seen before: 10 targets, 1 KB", deepConfig()),
        compiling("policy/compile: 3 levels, 10 targets", deepConfig()),
        compiling("policy/compile: 256 targets", wideConfig(targetCount: 256)),
        compiling("policy/compile: 256 KiB of unknown keys", unknownKeys()),
        compiling("policy/compile: 256 KiB of wrong statuses", wrongStatuses()),
        judging("policy/judge a custom host", "https://eu-west-1.models.example.com:8443/v1"),
    ]
}

private let benchmarkCatalog = Catalog(
    providers: [.init(id: "openai"), .init(id: "anthropic"), .init(id: "groq")], virtualKeys: [.init(slug: "prod", provider: 0)])

private func walking(_ name: String, _ config: String, after outcome: Outcome) -> Benchmark {
    guard let program = compile(config) else { preconditionFailure("the benchmark's config compiles") }
    let body = Array(#"{"model":"gpt-4o","temperature":0.2,"metadata":{"tier":"gold","_user":"u-17"},"messages":[{"role":"user","content":"hello"}]}"#.utf8)
    return Benchmark(name: name) { count in
        var sum: UInt64 = 0
        body.withByteSlice { bytes in
            var circumstances = ScannedRequest(body: bytes)
            for _ in 0..<count {
                guard var decision = try? Decision(program, &circumstances) else { break }
                while true {
                    sum &+= UInt64(program.targets[decision.target].requestTimeoutMilliseconds) &+ UInt64(decision.target)
                    guard (try? decision.advance(after: outcome, in: program, &circumstances)) == true else { break }
                }
            }
        }
        return sum
    }
}

/// A request as the gateway has it when it decides: its body scanned.
private struct ScannedRequest: Circumstances {
    private final class Scan {
        var table = ObjectScan()
    }

    private let body: ByteSlice
    private let scan = Scan()
    private var generator = SplitMix64(seed: 1)

    init(body: ByteSlice) {
        self.body = body
        try? scan.table.scan(body)
    }

    func parameter(_ name: ByteSlice) -> JSONView? { scan.table.member(name).map { JSONView($0, in: body) } }
    var metadata: ByteSlice { ByteSlice("") }
    var certificateSubject: ByteSlice? { nil }
    var certificateNames: ByteSlice { ByteSlice("") }
    var path: ByteSlice { ByteSlice("/v1/chat/completions") }
    func header(_ name: ByteSlice) -> ByteSlice? { nil }
    func finds(_ pattern: Pattern, in text: ByteSlice) -> Bool { false }
    func hindrance(_ target: Int) -> UInt64 { 0 }
    func inFlight(_ target: Int) -> Int { target }
    func latencyScore(_ target: Int) -> UInt64 { UInt64(target) }
    var tenant: UInt64 { 7 }
    var wallSeconds: UInt64 { 1_800_000_000 }
    mutating func random() -> UInt64 { generator.next() }
}

/// What a header config costs once it is known: its text put together and found.
private func finding(_ name: String, _ config: String) -> Benchmark {
    let text = Array(config.utf8)
    return Benchmark(name: name) { count in
        text.withByteSlice { bytes in
            var cache = TextCache<OwnedBytes>(seed: 1, capacity: 512, textByteCount: 1 << 22)
            let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
            defer { scratch.deallocate() }
            var found: UInt64 = 0
            for iteration in 0...count {
                var writer = ByteWriter(scratch, capacity: 1 << 16)
                writer.append(bytes)
                writer.append(0)
                if let known = cache.value(for: writer.written) {
                    found &+= UInt64(known.slice.count)
                } else if iteration == 0 {
                    cache.insert(OwnedBytes(bytes), for: OwnedBytes(writer.written))
                }
            }
            return found
        }
    }
}

private func compiling(_ name: String, _ config: String) -> Benchmark {
    let text = Array(config.utf8)
    return Benchmark(name: name) { count in
        var sum: UInt64 = 0
        for _ in 0..<count {
            let compiled = text.withByteSlice { PolicyCompiler(catalog: benchmarkCatalog, origin: .header).compile($0) }
            sum &+= UInt64(compiled.program?.targets.count ?? compiled.diagnostics.count)
        }
        return sum
    }
}

private func judging(_ name: String, _ host: String) -> Benchmark {
    let text = Array(host.utf8)
    return Benchmark(name: name) { count in
        var ordinary: UInt64 = 0
        for _ in 0..<count {
            let verdict = text.withByteSlice { HostRules.judge($0, trusted: benchmarkCatalog.trustedHosts) }
            if verdict == .ordinary { ordinary += 1 }
        }
        return ordinary
    }
}

private func compile(_ config: String) -> Program? {
    Array(config.utf8).withByteSlice { PolicyCompiler(catalog: benchmarkCatalog, origin: .header).compile($0).program }
}

private func target(_ index: Int) -> String {
    #"{"virtual_key":"prod","request_timeout":\#(1000 + index),"override_params":{"model":"m-\#(index)","temperature":0.\#(index + 1)}}"#
}

/// A fallback of fallbacks of fallbacks, ten targets in all.
private func deepConfig() -> String {
    let codes = #""strategy":{"mode":"fallback","on_status_codes":[429,500,502,503,504]}"#
    func group(_ children: [String]) -> String {
        #"{\#(codes),"retry":{"attempts":2},"targets":[\#(children.joined(separator: ","))]}"#
    }
    let inner = group((0..<3).map(target))
    return group([group([inner, target(3), target(4)]), group((5..<8).map(target)), target(8), target(9)])
}

/// A condition, then a balancer, then a fallback: ten targets in all.
private func routedConfig() -> String {
    let balanced = (0..<2).map { group in
        #"{"name":"g\#(group)","strategy":{"mode":"loadbalance"},"targets":[\#((0..<2).map { target(group * 4 + $0) }.joined(separator: ",")),"#
            + #"{"strategy":{"mode":"fallback"},"targets":[\#((2..<4).map { target(group * 4 + $0) }.joined(separator: ","))]}]}"#
    }
    return #"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.tier":"silver"},"then":"g0"},"#
        + #"{"query":{"$and":[{"metadata.tier":{"$in":["gold","black"]}},{"params.temperature":{"$lt":1}}]},"then":"g1"}],"default":"last"},"#
        + #""targets":[\#(balanced.joined(separator: ",")),{"name":"last","strategy":{"mode":"fallback"},"targets":[\#(target(8)),\#(target(9))]}]}"#
}

private func stickyConfig() -> String {
    #"{"strategy":{"mode":"loadbalance","sticky":{"hash_fields":["metadata._user"]}},"targets":[\#((0..<10).map(target).joined(separator: ","))]}"#
}

private func wideConfig(targetCount: Int) -> String {
    #"{"strategy":{"mode":"fallback"},"targets":[\#((0..<targetCount).map(target).joined(separator: ","))]}"#
}

private func unknownKeys() -> String {
    #"{"provider":"openai"\#((0..<20_000).map { #","key\#($0)":1"# }.joined())}"#
}

private func wrongStatuses() -> String {
    #"{"provider":"openai","retry":{"attempts":1,"on_status_codes":[\#(Array(repeating: "9", count: 60_000).joined(separator: ","))]}}"#
}
