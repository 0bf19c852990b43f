import Bytes

/// The walk of one request through a program: which target now, and which after it failed.
///
///     fallback [429]             a fails with 500 → its fallback without a list goes on to b;
///     ├─ fallback                b fails with 429 → that was its last, so the outer one judges:
///     │  ├─ a                    429 is listed → c.
///     │  └─ b                    b fails with 500 → not listed: b's answer is the answer.
///     └─ c
///
/// Load balancing and conditions pick one child on the way down; its outcome is theirs. Targets that may
/// not be tried are passed over while there is another.
///
/// A few words without references: it lives in the request's own state, and no step allocates. Each
/// target is visited at most once, so the walk ends.
public struct Decision: BitwiseCopyable, Sendable {
    private var leaf: Int32 = 0
    /// The row in `Program.targets` to try.
    public private(set) var target = 0
    /// Targets tried before this one.
    public private(set) var skippedCount = 0
    /// Why it is this target: of the picks on the way, the last that had a choice.
    public private(set) var reason = PickReason.only

    public init(_ program: Program, _ circumstances: inout some Circumstances) throws(RoutingFault) {
        try enter(0, program, &circumstances)
    }

    /// The decision of a program with one target, which depends on nothing.
    public init(onlyTargetOf program: Program) {
        precondition(program.nodes.count == 1, "one node is one target")
        target = Int(program.nodes[0].target)
    }

    /// Moves on after `outcome`, retries being used up; false when that outcome is the answer.
    ///
    /// - Parameter program: the one the decision was made from.
    public mutating func advance(
        after outcome: Outcome, in program: Program, _ circumstances: inout some Circumstances
    ) throws(RoutingFault) -> Bool {
        var node = leaf
        while true {
            let parent = program.nodes[Int(node)].parent
            guard parent >= 0 else { return false }
            let sibling = program.nodes[Int(node)].nextSibling
            if sibling >= 0, Decision.goesOn(program.nodes[Int(parent)], after: outcome, in: program) {
                // What may not be tried is tried all the same when nothing else is left: it may answer. What never may is as if it were not there.
                let next = Pick.firstFree(from: sibling, program, circumstances) ?? Pick.leastHindered(from: sibling, program, circumstances)
                guard Pick.hindrance(next, program, circumstances) < .max else {
                    node = parent
                    continue
                }
                skippedCount += 1
                reason = .fallback
                try enter(next, program, &circumstances)
                return true
            }
            // The parent ends with this outcome, as its own.
            node = parent
        }
    }

    private static func goesOn(_ strategy: Program.Node, after outcome: Outcome, in program: Program) -> Bool {
        guard strategy.kind == .fallback else { return false }
        guard strategy.statuses >= 0 else { return !outcome.isSuccess }
        return outcome.isListed(in: program.statusSets[Int(strategy.statuses)])
    }

    /// Down from `start` to a leaf.
    private mutating func enter(_ start: Int32, _ program: Program, _ circumstances: inout some Circumstances) throws(RoutingFault) {
        var at = start
        while true {
            let node = program.nodes[Int(at)]
            switch node.kind {
            case .target:
                leaf = at
                target = Int(node.target)
                return
            case .single:
                at = node.firstChild
            case .fallback:
                let free = Pick.firstFree(from: node.firstChild, program, circumstances)
                if reason != .fallback { reason = free == nil ? .leastBad : .first }
                at = free ?? Pick.leastHindered(from: node.firstChild, program, circumstances)
            case .loadbalance:
                let pick = Pick.child(of: node, program, &circumstances)
                reason = pick.reason
                at = pick.node
            case .conditional:
                guard let pick = Pick.match(node, program, circumstances) else { throw .noConditionHolds }
                reason = pick.reason
                at = pick.node
            }
        }
    }
}
