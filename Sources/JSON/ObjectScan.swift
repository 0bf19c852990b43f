public import Bytes

/// The top-level members of one JSON object, found in a single pass that judges the whole text.
///
/// The tables are allocated once; make one scan a worker and use it for every text. It borrows
/// the text last scanned: whoever calls keeps those bytes in place until the next `scan`.
///
/// The first `memberLimit` members are recorded. A longer object is judged to its end all the
/// same and `overflowed` is set. Names given at `init` are compared with every key, also past the
/// table, so that no watched key can hide behind filler: what `member` says of them always holds.
public struct ObjectScan: ~Copyable {
    /// The text last scanned; all offsets count from its first byte.
    public private(set) var text = ByteSlice("")
    /// Members recorded.
    public private(set) var count = 0
    /// Whether the object had more members than the table has rows.
    public private(set) var overflowed = false
    /// The object within `text`, from `{` to past `}`.
    public private(set) var object = 0..<0

    let names: NameTable
    /// Bit i: name i was met; was met twice or more.
    private(set) var seen: UInt64 = 0
    private(set) var repeated: UInt64 = 0
    private let members: UnsafeMutablePointer<Member>
    /// The last member of each watched name, and its second; rows whose bit is clear are stale.
    private let last: UnsafeMutablePointer<Member>
    private let second: UnsafeMutablePointer<Member>
    private let decodedKey: UnsafeMutablePointer<UInt8>
    private let memberLimit: Int
    private let depthLimit: Int

    /// - Parameters:
    ///   - names: keys to watch for, different, at most `JSONLimits.names`.
    ///   - memberLimit: rows of the table.
    ///   - depthLimit: levels of nesting, this object included.
    public init(
        names: [StaticString] = [], memberLimit: Int = JSONLimits.members, depthLimit: Int = JSONLimits.depth
    ) {
        precondition(memberLimit > 0, "a scan records members")
        precondition(depthLimit > 0 && depthLimit <= JSONLimits.deepest, "a depth limit is at most JSONLimits.deepest")
        self.names = NameTable(names)
        self.memberLimit = memberLimit
        self.depthLimit = depthLimit
        members = .allocate(capacity: memberLimit)
        last = .allocate(capacity: max(names.count, 1))
        second = .allocate(capacity: max(names.count, 1))
        decodedKey = .allocate(capacity: JSONLimits.nameByteCount)
    }

    deinit {
        members.deallocate()
        last.deallocate()
        second.deallocate()
        decodedKey.deallocate()
    }

    /// Judges `text`, which must be one object with nothing but white space around it, and
    /// records its members. After a throw the scan is empty.
    public mutating func scan(_ text: ByteSlice) throws(JSONError) {
        let grammar = begin(text, end: text.count)
        try grammar.refuseByteOrderMark(at: 0)
        let start = grammar.skipSpace(0)
        let end = try scanObject(grammar, from: start)
        let rest = grammar.skipSpace(end)
        guard rest == text.count else {
            forget()
            throw JSONError(.endOfText, at: rest)
        }
    }

    /// Scans the object that stands at `range` of `text`, such as a member's value found by
    /// another scan. Offsets count from the start of `text`, so both serve one splice.
    public mutating func scan(_ text: ByteSlice, at range: Range<Int>) throws(JSONError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= text.count, "a range lies in its text")
        let grammar = begin(text, end: range.upperBound)
        let end = try scanObject(grammar, from: range.lowerBound)
        guard end == range.upperBound else {
            forget()
            throw JSONError(.endOfText, at: end)
        }
    }

    /// The recorded members, in the order of the text.
    public subscript(_ index: Int) -> Member {
        precondition(index >= 0 && index < count, "a member's index is below the count")
        return members[index]
    }

    /// The last member of watched name `index`.
    func lastNamed(_ index: Int) -> Member { last[index] }

    /// The second member of watched name `index`, when its `repeated` bit is set.
    func secondNamed(_ index: Int) -> Member { second[index] }

    private mutating func begin(_ text: ByteSlice, end: Int) -> Grammar {
        forget()
        self.text = text
        return Grammar(base: text.base, end: end, depthLimit: depthLimit)
    }

    private mutating func forget() {
        count = 0
        overflowed = false
        object = 0..<0
        seen = 0
        repeated = 0
    }

    private mutating func scanObject(_ grammar: Grammar, from start: Int) throws(JSONError) -> Int {
        do throws(JSONError) {
            return try membersEnd(grammar, from: start)
        } catch {
            forget()
            throw error
        }
    }

    @inline(__always)
    private mutating func membersEnd(_ grammar: Grammar, from start: Int) throws(JSONError) -> Int {
        guard grammar.byte(start) == UInt8(ascii: "{") else { throw JSONError(.object, at: start) }
        var at = grammar.skipSpace(start + 1)
        if grammar.byte(at) == UInt8(ascii: "}") {
            object = start..<at + 1
            return at + 1
        }
        while true {
            let key = try grammar.keyEnd(from: at)
            let value = try grammar.valueEnd(from: key.value, under: 1)
            record(
                Member(
                    key: at + 1..<key.quote, value: key.value..<value.end, kind: value.kind,
                    keyHasEscapes: key.hasEscapes, valueHasEscapes: value.hasEscapes))
            at = grammar.skipSpace(value.end)
            if grammar.byte(at) == UInt8(ascii: ",") {
                at = grammar.skipSpace(at + 1)
                continue
            }
            guard grammar.byte(at) == UInt8(ascii: "}") else { throw JSONError(.commaOrBrace, at: at) }
            object = start..<at + 1
            return at + 1
        }
    }

    @inline(__always)
    private mutating func record(_ member: Member) {
        if count < memberLimit {
            (members + count).initialize(to: member)
            count += 1
        } else {
            overflowed = true
        }
        if let index = watchedName(of: member) {
            let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: index)
            if seen & bit != 0, repeated & bit == 0 {
                repeated |= bit
                (second + index).initialize(to: member)
            }
            seen |= bit
            (last + index).initialize(to: member)
        }
    }

    @inline(__always)
    private func watchedName(of member: Member) -> Int? {
        if !member.keyHasEscapes { return names.index(of: text[member.key]) }
        var decoded = ByteWriter(decodedKey, capacity: JSONLimits.nameByteCount)
        member.name(in: text).decode(into: &decoded)
        // A key too long for the writer is longer than every name.
        return decoded.overflowed ? nil : names.index(of: decoded.written)
    }
}
