import Bytes
import Health
import JSON

/// Which child of a strategy: by order, condition, weight, load or hash.
enum Pick {
    // MARK: In order

    /// The first of `start` and the siblings after it that may be tried.
    static func firstFree(from start: Int32, _ program: Program, _ circumstances: some Circumstances) -> Int32? {
        var child = start
        while child >= 0 {
            if hindrance(child, program, circumstances) == 0 { return child }
            child = program.nodes[Int(child)].nextSibling
        }
        return nil
    }

    /// Of `start` and the siblings after it the one that may be tried soonest.
    static func leastHindered(from start: Int32, _ program: Program, _ circumstances: some Circumstances) -> Int32 {
        var best = start
        var least = UInt64.max
        var child = start
        while child >= 0 {
            let until = program.nodes[Int(child)].weight > 0 ? hindrance(child, program, circumstances) : .max
            if until < least { (best, least) = (child, until) }
            child = program.nodes[Int(child)].nextSibling
        }
        return best
    }

    /// 0 where some target at or below `node` may be tried; else when the first may, `.max` for never.
    static func hindrance(_ node: Int32, _ program: Program, _ circumstances: some Circumstances) -> UInt64 {
        let row = program.nodes[Int(node)]
        if row.kind == .target { return circumstances.hindrance(Int(row.target)) }
        var least = UInt64.max
        var child = row.firstChild
        while child >= 0, least > 0 {
            least = min(least, hindrance(child, program, circumstances))
            // Of `single` only the first is ever tried.
            child = row.kind == .single ? -1 : program.nodes[Int(child)].nextSibling
        }
        return least
    }

    // MARK: By condition

    static func match(_ node: Program.Node, _ program: Program, _ circumstances: some Circumstances) -> (node: Int32, reason: PickReason)? {
        for index in node.conditions.rows where program.holds(program.conditions[index].query, circumstances) {
            return (program.conditions[index].child, .condition)
        }
        return node.otherwise >= 0 ? (node.otherwise, .otherwise) : nil
    }

    // MARK: By weight, load or hash

    /// The child a load-balancing strategy sends this request to.
    static func child(of node: Program.Node, _ program: Program, _ circumstances: inout some Circumstances) -> (node: Int32, reason: PickReason) {
        let balance = program.balances[Int(node.balance)]
        let candidates = Candidates(node, program, circumstances)
        guard candidates.count > 0 else { return (leastHindered(from: node.firstChild, program, circumstances), .leastBad) }
        switch balance.algorithm {
        case .weighted:
            return (candidates.at(weight: program.turnFraction(balance.turn), program, circumstances), .weighted)
        case .roundRobin:
            let turn = program.nextTurn(balance.turn) % UInt64(candidates.count)
            return (candidates.at(index: Int(turn), program, circumstances), .roundRobin)
        case .leastBusy:
            return (better(candidates, program, &circumstances) { load($0, program, $1) }, .leastBusy)
        case .leastLatency:
            return (better(candidates, program, &circumstances) { latency($0, program, $1) }, .leastLatency)
        case .sticky:
            return (hashed(stickyKey(balance, program, circumstances), candidates, node, program, circumstances), .sticky)
        case .prefixAffinity:
            return (hashed(prefixKey(balance, circumstances), candidates, node, program, circumstances), .prefixAffinity)
        }
    }

    /// Of two candidates drawn at random the one with the lower score: nearly as good as the best of all, and no herd.
    /// - Source: M. Mitzenmacher, "The power of two choices in randomized load balancing", 2001
    private static func better<C: Circumstances>(
        _ candidates: Candidates, _ program: Program, _ circumstances: inout C, _ score: (Int32, C) -> Double
    ) -> Int32 {
        let pair = TwoChoices.pick(circumstances.random(), circumstances.random(), count: candidates.count)
        let first = candidates.at(index: pair.0, program, circumstances)
        guard pair.0 != pair.1 else { return first }
        let second = candidates.at(index: pair.1, program, circumstances)
        return score(second, circumstances) < score(first, circumstances) ? second : first
    }

    /// Requests under way for a weight of one.
    private static func load(_ node: Int32, _ program: Program, _ circumstances: some Circumstances) -> Double {
        Double(inFlight(node, program, circumstances) + 1) / program.nodes[Int(node)].weight
    }

    private static func latency(_ node: Int32, _ program: Program, _ circumstances: some Circumstances) -> Double {
        var least = UInt64.max
        eachLeaf(node, program) { least = min(least, circumstances.latencyScore($0)) }
        return Double(least) / program.nodes[Int(node)].weight
    }

    private static func inFlight(_ node: Int32, _ program: Program, _ circumstances: some Circumstances) -> Int {
        var sum = 0
        eachLeaf(node, program) { sum += circumstances.inFlight($0) }
        return sum
    }

    private static func eachLeaf(_ node: Int32, _ program: Program, _ body: (Int) -> Void) {
        let row = program.nodes[Int(node)]
        if row.kind == .target { return body(Int(row.target)) }
        var child = row.firstChild
        while child >= 0 {
            eachLeaf(child, program, body)
            child = program.nodes[Int(child)].nextSibling
        }
    }

    /// The first by rendezvous that is not far busier than the others.
    /// - Source: V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", 2018
    private static func hashed(
        _ key: UInt64, _ candidates: Candidates, _ node: Program.Node, _ program: Program, _ circumstances: some Circumstances
    ) -> Int32 {
        var total = 0
        candidates.each(program, circumstances) { total += inFlight($0, program, circumstances) }
        var ceiling = Double.infinity
        var first: Int32 = -1
        for _ in 0..<candidates.count {
            // The best below the last one looked at: the walk down the ranks.
            var best: Int32 = -1
            var most = -Double.infinity
            candidates.each(program, circumstances) { child in
                let row = program.nodes[Int(child)]
                let score = Rendezvous.score(key: key, child: row.identity, weight: row.weight)
                if score < ceiling, score > most { (best, most) = (child, score) }
            }
            guard best >= 0 else { break }
            if first < 0 { first = best }
            if !Rendezvous.isOverBound(inFlight: inFlight(best, program, circumstances), total: total, count: candidates.count) { return best }
            ceiling = most
        }
        return first
    }

    // MARK: What is hashed

    private static func stickyKey(_ balance: Balance, _ program: Program, _ circumstances: some Circumstances) -> UInt64 {
        var key = circumstances.tenant
        for index in balance.hashFields.rows {
            mix(FoundValue(program.subjects[index], program, circumstances), into: &key)
        }
        guard balance.ttlSeconds > 0 else { return key }
        // Each key has its own beginning of a period, or all would be dealt anew at once.
        let ttl = UInt64(balance.ttlSeconds)
        return key ^ ((circumstances.wallSeconds &+ key % ttl) / ttl).byteSwapped
    }

    private static func prefixKey(_ balance: Balance, _ circumstances: some Circumstances) -> UInt64 {
        var key = circumstances.tenant
        let limit = Int(balance.prefixByteCount)
        for name in ["model", "system", "instructions", "tools"] as [StaticString] { mix(circumstances.parameter(ByteSlice(name)), limit, into: &key) }
        // OpenAI's system messages stand first among the others.
        if let first = circumstances.parameter(ByteSlice("messages"))?.child(ByteSlice("0")) { mix(first, limit, into: &key) }
        return key
    }

    private static func mix(_ value: JSONView?, _ limit: Int, into key: inout UInt64) {
        guard let value else { return key = ByteHash(seed: key).hash(ByteSlice("")) }
        key = ByteHash(seed: key).hash(value.bytes.prefix(min(limit, value.bytes.count)))
    }

    private static func mix(_ value: FoundValue, into key: inout UInt64) {
        _ = value.withText { text in
            key = ByteHash(seed: key).hash(text.prefix(min(text.count, PolicyLimits.searchedByteCount)))
            return true
        }
    }
}

/// A load-balancing strategy's children that may be tried now: of some weight, and not hindered.
struct Candidates {
    private let firstChild: Int32
    private(set) var count = 0
    private var weight = 0.0

    init(_ node: Program.Node, _ program: Program, _ circumstances: some Circumstances) {
        firstChild = node.firstChild
        var count = 0
        var weight = 0.0
        each(program, circumstances) { child in
            count += 1
            weight += program.nodes[Int(child)].weight
        }
        self.count = count
        self.weight = weight
    }

    func each(_ program: Program, _ circumstances: some Circumstances, _ body: (Int32) -> Void) {
        var child = firstChild
        while child >= 0 {
            let row = program.nodes[Int(child)]
            if row.weight > 0, Pick.isFree(child, program, circumstances) { body(child) }
            child = row.nextSibling
        }
    }

    func at(index: Int, _ program: Program, _ circumstances: some Circumstances) -> Int32 {
        var left = index
        // What may be tried can change between two looks: then it is the last that still may.
        var found = firstChild
        each(program, circumstances) { child in
            if left >= 0 { found = child }
            left -= 1
        }
        return found
    }

    /// - Parameter fraction: of the weight of all, from 0 to below 1.
    func at(weight fraction: Double, _ program: Program, _ circumstances: some Circumstances) -> Int32 {
        var left = fraction * weight
        var found: Int32 = -1
        var last = firstChild
        each(program, circumstances) { child in
            last = child
            guard found < 0 else { return }
            left -= program.nodes[Int(child)].weight
            if left < 0 { found = child }
        }
        return found < 0 ? last : found
    }
}

extension Pick {
    static func isFree(_ node: Int32, _ program: Program, _ circumstances: some Circumstances) -> Bool {
        hindrance(node, program, circumstances) == 0
    }
}
