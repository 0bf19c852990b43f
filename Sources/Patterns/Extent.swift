/// How large the automaton of a part of a pattern is, known before it is built.
///
/// Positions are the byte classes of the part with its repeats written out; an edge leads from one position to another that may
/// follow it. Hyperscan's compiler takes time by both, in places by the cube.
struct Extent {
    private(set) var positions = 0
    private(set) var edges = 0
    /// Anchors and word boundaries.
    private var assertions = 0
    /// Positions a match of the part may begin with, and end with.
    private var firsts = 0
    private var lasts = 0
    /// Whether the part matches the empty text.
    private(set) var isNullable = true
    /// Whether any of it is repeated without end.
    private var hasLoop = false
    private var hasLargeLoop = false

    /// The empty part.
    static let empty = Extent()

    /// `^`, `$`, `\b` or `\B`.
    static let assertion = {
        var one = Extent()
        one.assertions = 1
        return one
    }()

    /// A part of `positions` byte classes of which one follows the other.
    init(run positions: Int) {
        self.positions = positions
        edges = max(0, positions - 1)
        firsts = min(1, positions)
        lasts = firsts
        isNullable = positions == 0
    }

    private init() {}

    /// Whether the part matches the empty text, wherever that stands, and nothing else.
    var isEmpty: Bool { positions == 0 && assertions == 0 }

    /// The part, then `next`.
    func followed(by next: Extent) -> Extent {
        var whole = Extent()
        whole.positions = positions + next.positions
        whole.edges = edges + next.edges + lasts * next.firsts
        whole.assertions = assertions + next.assertions
        whole.firsts = firsts + (isNullable ? next.firsts : 0)
        whole.lasts = next.lasts + (next.isNullable ? lasts : 0)
        whole.isNullable = isNullable && next.isNullable
        whole.hasLoop = hasLoop || next.hasLoop
        whole.hasLargeLoop = hasLargeLoop || next.hasLargeLoop
        return whole.clamped
    }

    /// The part, or `other`.
    func or(_ other: Extent) -> Extent {
        var whole = Extent()
        whole.positions = positions + other.positions
        whole.edges = edges + other.edges
        whole.assertions = assertions + other.assertions
        whole.firsts = firsts + other.firsts
        whole.lasts = lasts + other.lasts
        whole.isNullable = isNullable || other.isNullable
        whole.hasLoop = hasLoop || other.hasLoop
        whole.hasLargeLoop = hasLargeLoop || other.hasLargeLoop
        return whole.clamped
    }

    /// The part, `least` times to `most` times; without end when `most` is nil.
    ///
    /// A copy that may be left out comes only after those before it: `x(?:x(?:x)?)?`, which is how Hyperscan lays it out.
    func repeated(_ least: Int, _ most: Int?) -> Extent {
        var last = self
        if most == nil {
            last.edges += lasts * firsts
            last.isNullable = isNullable || least == 0
            last.hasLoop = true
            last.hasLargeLoop = positions > (hasLoop ? PatternLimits.nestedLoopPositionCount : PatternLimits.loopPositionCount)
        }
        var whole = most == nil ? last.clamped : Extent.empty
        for index in (0..<(most ?? max(0, least - 1))).reversed() {
            whole = followed(by: whole)
            if index >= least { whole.isNullable = true }
            if whole.isBeyondLimits { break }
        }
        return whole
    }

    var isBeyondLimits: Bool {
        positions > PatternLimits.positionCount || edges > PatternLimits.edgeCount || assertions > PatternLimits.assertionCount || hasLargeLoop
    }

    /// Cut where products of two still fit a word.
    private var clamped: Extent {
        let most = 1 << 28
        var cut = self
        cut.positions = min(positions, most)
        cut.edges = min(edges, most)
        cut.assertions = min(assertions, most)
        cut.firsts = min(firsts, most)
        cut.lasts = min(lasts, most)
        return cut
    }
}
