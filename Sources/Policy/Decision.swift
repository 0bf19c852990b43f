/// The walk of one request through a program: which target now, and which after it failed.
///
///     fallback [429]             a fails with 500 → its fallback without a list goes on to b;
///     ├─ fallback                b fails with 429 → that was its last, so the outer one judges:
///     │  ├─ a                    429 is listed → c.
///     │  └─ b                    b fails with 500 → not listed: b's answer is the answer.
///     └─ c
///
/// A few words without references: it lives in the request's own state, and no step allocates. Each
/// target is visited at most once, so the walk ends.
public struct Decision: BitwiseCopyable, Sendable {
    private var leaf: Int32
    /// The row in `Program.targets` to try.
    public private(set) var target: Int
    /// Targets tried before this one.
    public private(set) var skippedCount: Int = 0

    public init(_ program: Program) {
        leaf = program.firstLeaf
        target = Int(program.nodes[Int(program.firstLeaf)].target)
    }

    /// Moves on after `outcome`, retries being used up; false when that outcome is the answer.
    ///
    /// - Parameter program: the one the decision was made from.
    public mutating func advance(after outcome: Outcome, in program: Program) -> Bool {
        var node = leaf
        while true {
            let parent = program.nodes[Int(node)].parent
            guard parent >= 0 else { return false }
            let sibling = program.nodes[Int(node)].nextSibling
            if sibling >= 0, Decision.goesOn(program.nodes[Int(parent)], after: outcome, in: program) {
                leaf = Program.leaf(under: sibling, in: program.nodes)
                target = Int(program.nodes[Int(leaf)].target)
                skippedCount += 1
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
}
