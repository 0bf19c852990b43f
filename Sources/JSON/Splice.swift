public import Bytes

/// Why an edit cannot be made.
///
/// Edits made before it stand, and of a verb that edits several places (a key given twice) some
/// may have been made: the text is to be refused, or the splice begun again.
public enum SpliceError: Error, Equatable, Sendable {
    /// More than `limit` edits.
    case tooMany(limit: Int)
    /// The range at `offset` crosses an edit already made.
    case overlaps(offset: Int)
    /// The scan's table was too short to know all members, and this edit needs them.
    case unrecorded
    /// A new member's name holds a quote, a backslash or a control byte.
    case unwritableName
}

/// A bounded list of edits over a text, written out as runs of original and new bytes.
///
/// No byte of the text is copied or changed. The result is a sequence of slices, fit for `writev`:
/// runs of the text between the edits, and the replacements. Both stay the caller's: text, names
/// and fragments must keep their place until the runs have been used.
///
/// Make one a worker, `begin` it for each text. The table is allocated once.
public struct Splice: ~Copyable {
    /// One edit: the bytes `lower..<upper` go, `fragment` comes.
    struct Edit {
        var lower: Int
        var upper: Int
        var fragment: ByteSlice
        /// The new member's name, for an insertion into an object (`lower == upper`, past `{`).
        var name: ByteSlice?
        /// The members that stand in the object of an insertion; empty when it has none.
        var members = 0..<0

        var isInsertion: Bool { name != nil }
    }

    private var text = ByteSlice("")
    /// Edits made so far, in the table's first rows, ascending and apart.
    private(set) var editCount = 0
    private let edits: UnsafeMutablePointer<Edit>
    private let limit: Int

    public init(limit: Int = JSONLimits.edits) {
        precondition(limit > 0, "a splice holds edits")
        self.limit = limit
        edits = .allocate(capacity: limit)
    }

    deinit { edits.deallocate() }

    /// Forgets all edits and takes `text` for the next ones.
    public mutating func begin(_ text: ByteSlice) {
        self.text = text
        editCount = 0
    }

    /// Whether the result is the text itself.
    public var isEmpty: Bool { editCount == 0 }

    /// Puts `fragment` in place of `range`. An edit inside the range gives way; one that crosses its border throws.
    public mutating func replace(_ range: Range<Int>, with fragment: ByteSlice) throws(SpliceError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= text.count, "an edit lies in its text")
        try put(Edit(lower: range.lowerBound, upper: range.upperBound, fragment: fragment))
    }

    /// Hands over the result, run by run; empty runs are left out.
    public func forEachRun(_ body: (ByteSlice) -> Void) {
        var at = 0
        for index in 0..<editCount {
            let edit = edits[index]
            if edit.lower > at { body(text[at..<edit.lower]) }
            if let name = edit.name {
                body(ByteSlice("\""))
                body(name)
                body(ByteSlice("\":"))
            }
            if !edit.fragment.isEmpty { body(edit.fragment) }
            if edit.isInsertion, isFollowed(index) { body(ByteSlice(",")) }
            at = edit.upper
        }
        if text.count > at { body(text[at..<text.count]) }
    }

    /// Bytes of the result.
    public var byteCount: Int {
        var sum = 0
        forEachRun { sum += $0.count }
        return sum
    }

    /// Slices of the result.
    public var runCount: Int {
        var sum = 0
        forEachRun { _ in sum += 1 }
        return sum
    }

    /// Appends the result, where one contiguous copy is wanted.
    public func write(into writer: inout ByteWriter) {
        forEachRun { writer.append($0) }
    }

    // MARK: The table

    subscript(_ index: Int) -> Edit { edits[index] }

    mutating func setFragment(_ fragment: ByteSlice, of index: Int) { edits[index].fragment = fragment }

    mutating func drop(_ index: Int) { close(index..<index + 1) }

    /// Whether the byte at `offset` is taken out or replaced by some edit.
    func isCovered(_ offset: Int) -> Bool {
        for index in 0..<editCount where edits[index].lower <= offset && offset < edits[index].upper { return true }
        return false
    }

    /// Takes `edit` into the table, in place of the edits that lie within its range.
    mutating func put(_ edit: Edit) throws(SpliceError) {
        var first = 0
        while first < editCount, isBefore(edits[first], edit) { first += 1 }
        var past = first
        while past < editCount, !edit.isInsertion, edits[past].lower < edit.upper {
            guard edits[past].upper <= edit.upper else { throw .overlaps(offset: edits[past].lower) }
            past += 1
        }
        if first > 0, edits[first - 1].upper > edit.lower { throw .overlaps(offset: edit.lower) }
        if past == first { try open(first) } else { close(first + 1..<past) }
        (edits + first).initialize(to: edit)
    }

    /// Whether `one` stays in front of `new`: it ends where `new` starts or sooner, or is an
    /// insertion at that very place, which comes out before what stands there.
    private func isBefore(_ one: Edit, _ new: Edit) -> Bool {
        one.lower < new.lower || one.isInsertion && one.lower == new.lower
    }

    private mutating func open(_ index: Int) throws(SpliceError) {
        guard editCount < limit else { throw .tooMany(limit: limit) }
        var row = editCount
        while row > index {
            (edits + row).initialize(to: edits[row - 1])
            row -= 1
        }
        editCount += 1
    }

    private mutating func close(_ rows: Range<Int>) {
        for row in rows.upperBound..<max(editCount, rows.upperBound) { edits[row - rows.count] = edits[row] }
        editCount -= rows.count
    }

    /// Whether a member comes after the insertion `index` in its object: another new one, or one
    /// of the text's that has not been removed.
    private func isFollowed(_ index: Int) -> Bool {
        let edit = edits[index]
        for next in index + 1..<editCount {
            if edits[next].isInsertion, edits[next].lower == edit.lower { return true }
            if edits[next].lower > edit.members.lowerBound { break }
            if edits[next].upper >= edit.members.upperBound { return false }
        }
        return !edit.members.isEmpty
    }
}
