public import Bytes
public import JSON
public import Patterns

/// What a condition looks at.
struct Subject: BitwiseCopyable, Sendable {
    enum Source: UInt8, Sendable { case metadata, parameters, path, header, certificateSubject, certificateName }

    let source: Source
    /// The way below the source, dots between names; a header's name in lower case.
    let key: ByteRun
}

/// One row of a compiled query. A group stands before its members and knows where they end.
///
///     {"$or": [{"metadata.tier": "gold"}, {"params.model": {"$regex": "^gpt"}}], "params.n": {"$lt": 2}}
///
///     all ─┬─ any ─┬─ equal metadata.tier "gold"
///          │       └─ matches params.model ^gpt
///          └─ less params.n 2
struct QueryRow: BitwiseCopyable, Sendable {
    enum Kind: UInt8, Sendable {
        case all, any
        case equal, notEqual, greater, greaterOrEqual, less, lessOrEqual, among, notAmong, matches
    }

    let kind: Kind
    var subject = Subject(source: .path, key: .empty)
    /// Rows of `Program.operands`; of `patterns` for `matches`.
    var operands = RowRun.empty
    /// The row after this one and all below it.
    var end: Int32 = 0
}

/// What a condition compares with.
struct Operand: BitwiseCopyable, Sendable {
    enum Kind: UInt8, Sendable { case string, number, `true`, `false`, null }

    let kind: Kind
    var text = ByteRun.empty
    var number: Double = .nan
}

/// What a request says that conditions and hashes may look at.
///
/// Slices are read during one call only.
public protocol RequestFacts {
    /// A member of the client's JSON body; nil where it has none of that name, or is no object.
    func parameter(_ name: ByteSlice) -> JSONView?
    /// The value of `x-portkey-metadata`; empty where there is none.
    var metadata: ByteSlice { get }
    /// What of metadata holds whatever that and the body's say: a JSON object; empty where there is none.
    var keyMetadata: ByteSlice { get }
    /// The path of the request's target, its query left off.
    var path: ByteSlice { get }
    /// A header field's value by its lower-case name; nil where there is none.
    func header(_ name: ByteSlice) -> ByteSlice?
    /// The subject of the client's certificate, as RFC 2253 writes it; nil where it showed none.
    var certificateSubject: ByteSlice? { get }
    /// The alternative names of the client's certificate, each with its kind and a line end; empty where there are none.
    var certificateNames: ByteSlice { get }
    /// Whether `pattern` is found in `text`.
    func finds(_ pattern: Pattern, in text: ByteSlice) -> Bool
}

extension RequestFacts {
    public var keyMetadata: ByteSlice { ByteSlice("") }
}

/// A program's queries, asked of one request.
///
/// Facts are a parameter everywhere and stored nowhere: a generic value would be built anew, its type too, for each request.
extension Program {
    /// Whether the query at `row` holds. As deep as the query's nesting, which the compiler bounds.
    func holds(_ row: Int32, _ facts: some RequestFacts) -> Bool {
        let query = queries[Int(row)]
        switch query.kind {
        case .all:
            var member = row + 1
            while member < query.end {
                guard holds(member, facts) else { return false }
                member = queries[Int(member)].end
            }
            return true
        case .any:
            var member = row + 1
            while member < query.end {
                if holds(member, facts) { return true }
                member = queries[Int(member)].end
            }
            return false
        default:
            if query.subject.source == .certificateName { return holds(query, ofEachName: facts) }
            return holds(query, of: FoundValue(query.subject, self, facts), facts)
        }
    }

    /// A certificate has several names: one of them must be equal, all must differ.
    private func holds(_ query: QueryRow, ofEachName facts: some RequestFacts) -> Bool {
        let isDenial = query.kind == .notEqual || query.kind == .notAmong
        var rest = facts.certificateNames
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if holds(query, of: .text(rest.prefix(end)), facts) != isDenial { return !isDenial }
            rest = rest.dropFirst(end + 1)
        }
        return isDenial
    }

    private func holds(_ query: QueryRow, of value: FoundValue, _ facts: some RequestFacts) -> Bool {
        switch query.kind {
        case .equal: equals(value, query.operands.rows.lowerBound)
        case .notEqual: !equals(value, query.operands.rows.lowerBound)
        case .among: query.operands.rows.contains { equals(value, $0) }
        case .notAmong: !query.operands.rows.contains { equals(value, $0) }
        case .greater: compare(value, query) { $0 > $1 }
        case .greaterOrEqual: compare(value, query) { $0 >= $1 }
        case .less: compare(value, query) { $0 < $1 }
        case .lessOrEqual: compare(value, query) { $0 <= $1 }
        case .matches: value.withText { facts.finds(patterns[query.operands.rows.lowerBound], in: $0) }
        case .all, .any: false
        }
    }

    /// As JavaScript's `===`: of one type and of one value.
    private func equals(_ value: FoundValue, _ index: Int) -> Bool {
        let operand = operands[index]
        switch (value, operand.kind) {
        case (.text(let text), .string): return text == bytes(operand.text)
        case (.json(let json), .string): return json.string.map { $0 == bytes(operand.text) } ?? false
        case (.json(let json), .number): return json.number == operand.number
        case (.json(let json), .true): return json.kind == .true
        case (.json(let json), .false): return json.kind == .false
        case (.json(let json), .null): return json.kind == .null
        default: return false
        }
    }

    private func compare(_ value: FoundValue, _ query: QueryRow, _ holds: (Double, Double) -> Bool) -> Bool {
        guard let number = value.number else { return false }
        return holds(number, operands[query.operands.rows.lowerBound].number)
    }
}

/// What stands where a condition looks.
enum FoundValue: BitwiseCopyable {
    case missing
    case text(ByteSlice)
    case json(JSONView)

    init(_ subject: Subject, _ program: Program, _ facts: some RequestFacts) {
        let key = program.bytes(subject.key)
        switch subject.source {
        case .path: self = .text(facts.path)
        case .certificateSubject: self = facts.certificateSubject.map { .text($0) } ?? .missing
        // Conditions look at each by itself: see `holds(_:ofEachName:)`.
        case .certificateName: self = .text(facts.certificateNames)
        case .header: self = facts.header(key).map { .text($0) } ?? .missing
        case .parameters: self = FoundValue(FoundValue.parameter(key, facts))
        case .metadata:
            // The key's word over the header's, and that over the body's.
            let said = JSONView(objectIn: facts.keyMetadata)?.value(at: key) ?? JSONView(objectIn: facts.metadata)?.value(at: key)
            self = FoundValue(said ?? facts.parameter(ByteSlice("metadata"))?.value(at: key, within: PolicyLimits.searchedByteCount))
        }
    }

    /// As `JSONView.value(at:)`, from the body on.
    private static func parameter(_ path: ByteSlice, _ facts: some RequestFacts) -> JSONView? {
        guard let dot = path.firstIndex(of: UInt8(ascii: ".")) else { return facts.parameter(path) }
        return facts.parameter(path) ?? facts.parameter(path.prefix(dot))?.value(at: path.dropFirst(dot + 1), within: PolicyLimits.searchedByteCount)
    }

    private init(_ value: JSONView?) { self = value.map { .json($0) } ?? .missing }

    /// As JavaScript's `parseFloat`; nil for what it calls NaN.
    var number: Double? {
        switch self {
        case .missing: nil
        case .text(let text): JSONNumber.leadingDouble(text)
        case .json(let value): value.number ?? value.string.flatMap { JSONNumber.leadingDouble($0.content) }
        }
    }

    /// Whether `body` holds of the value as text: a string decoded, any other value as it is written. A missing one has none.
    func withText(_ body: (ByteSlice) -> Bool) -> Bool {
        switch self {
        case .missing: return false
        case .text(let text): return body(text)
        case .json(let value):
            guard let string = value.string else { return body(value.bytes) }
            if let plain = string.plain { return body(plain) }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: string.content.count) { room in
                guard let base = room.baseAddress else { return false }
                var writer = ByteWriter(base, capacity: room.count)
                string.decode(into: &writer)
                return body(writer.written)
            }
        }
    }
}
