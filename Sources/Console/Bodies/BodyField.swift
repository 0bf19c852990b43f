import JSON
import Store

/// A member that a body may have, or a parameter of a query: what the reader takes, and what the description says.
struct BodyField: Sendable {
    let name: String
    /// Other spellings in use.
    let aliases: [String]
    let kind: BodyKind
    var isRequired: Bool
    let summary: String

    init(_ name: String, _ kind: BodyKind, aliases: [String] = [], required: Bool = false, _ summary: String) {
        self.name = name
        self.aliases = aliases
        self.kind = kind
        self.isRequired = required
        self.summary = summary
    }

    var optional: BodyField {
        var field = self
        field.isRequired = false
        return field
    }
}

/// What a value has to be.
indirect enum BodyKind: Sendable {
    case text(atMost: Int)
    case choice([String])
    /// `true` and `false`; 1 and 0 as well.
    case flag
    case integer(ClosedRange<Int64>)
    /// A number with up to nine decimals.
    case amount(ClosedRange<Int64>)
    /// Any number within, however it is written.
    case decimal(ClosedRange<Int64>)
    /// Read as milliseconds since 1970.
    case time
    /// Read as a text, in UTC.
    case date
    case list(of: BodyKind, atMost: Int)
    case object(BodyShape)
    /// An object, or a list of them; read as a list.
    case oneOrMore(BodyShape, atMost: Int)
    /// A text, or an object; a text is read as an object with it as its only member.
    case textOrObject(BodyShape, member: String)
    /// A text, or a list of them; read as a list.
    case textOrList(atMost: Int)
    /// Texts by names of the client's own.
    case texts
    /// A text, or a number; read as a text, and cut where it is longer.
    case word(atMost: Int)
    /// Any object.
    case anyObject
    /// Any object, or its JSON as a text; read as the object.
    case objectOrText
    /// Anything: judged where it is used.
    case any
    /// Known, and not read: a copy of what the path says, or of what was answered.
    case copy

    var isRead: Bool { if case .copy = self { false } else { true } }
}

/// The members of an object.
struct BodyShape: Sendable {
    let fields: [BodyField]
    /// How many a whole body may have, as a list; one alone is no list then, and is read as one. At 1, a body is an object.
    let most: Int
    /// How long a whole body may be.
    let byteCount: Int
    /// Whether members that are not known are taken as they are: other programs' reports say more than is read.
    let isOpen: Bool
    /// What no single member can tell: faults, by member.
    let check: (@Sendable (Body) -> [BodyFault])?

    init(
        _ fields: [BodyField], atMost most: Int = 1, byteCount: Int = ConsoleLimits.bodyByteCount, isOpen: Bool = false,
        check: (@Sendable (Body) -> [BodyFault])? = nil
    ) {
        self.fields = fields
        self.most = most
        self.byteCount = byteCount
        self.isOpen = isOpen
        self.check = check
    }

    static let nothing = BodyShape([])

    /// The same for a change: nothing has to be there.
    var optional: BodyShape { BodyShape(fields.map(\.optional), atMost: most, byteCount: byteCount, isOpen: isOpen, check: check) }

    func adding(_ more: [BodyField]) -> BodyShape { BodyShape(fields + more, atMost: most, byteCount: byteCount, isOpen: isOpen, check: check) }

    func field(_ written: String) -> BodyField? { fields.first { $0.name == written || $0.aliases.contains(written) } }
}

/// What is wrong with one member.
struct BodyFault: Equatable, Sendable {
    /// `usage_limits.credit_limit`, `scopes[2]`; empty for the body as a whole.
    let field: String
    let reason: String

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    var text: String { field.isEmpty ? reason : "\(field) \(reason)" }

    /// The same, of a member of what is at `path`.
    func below(_ path: String) -> BodyFault { BodyFault(field.isEmpty ? path : path.isEmpty ? field : "\(path).\(field)", reason) }
}

/// A body that has been read: members by their usual names, each of its kind.
struct Body: Sendable {
    let node: DocumentNode

    static let none = Body(node: .empty)

    /// Whether it is given; as `null`, too, which takes a value away.
    func has(_ name: String) -> Bool { node[name] != nil }

    func value(_ name: String) -> DocumentNode? { node[name].flatMap { $0.isNull ? nil : $0 } }
    func text(_ name: String) -> String? { value(name)?.string }
    func texts(_ name: String) -> [String] { value(name)?.elements.compactMap(\.string) ?? [] }
    func flag(_ name: String) -> Bool? { if case .boolean(let flag) = value(name)?.value { flag } else { nil } }
    func integer(_ name: String) -> Int64? { if case .number(let number) = value(name)?.value { number.integer } else { nil } }
    func number(_ name: String) -> DocumentNumber? { if case .number(let number) = value(name)?.value { number } else { nil } }
    func numbers(_ name: String) -> [DocumentNumber] {
        (value(name)?.elements ?? []).compactMap { if case .number(let number) = $0.value { number } else { nil } }
    }
    func body(_ name: String) -> Body? { value(name).map { Body(node: $0) } }
    func bodies(_ name: String) -> [Body] { value(name)?.elements.map { Body(node: $0) } ?? [] }

    // MARK: Changes

    func set(_ name: String, _ target: inout String) { if let text = text(name) { target = text } }
    func set(_ name: String, _ target: inout String?) { if has(name) { target = text(name) } }
    func set(_ name: String, _ target: inout Bool) { if let flag = flag(name) { target = flag } }
    func set(_ name: String, _ target: inout Int64?) { if has(name) { target = integer(name) } }
    func set(_ name: String, _ target: inout [String]) { if has(name) { target = texts(name) } }

    func setStatus(_ target: inout ObjectStatus) { if let status = text("status").flatMap({ ObjectStatus(rawValue: $0) }) { target = status } }

    /// As JSON; nothing for `null`, and for what is empty.
    func setDocument(_ name: String, _ target: inout String?) {
        guard has(name) else { return }
        let found = value(name)
        let isEmpty = found.map { $0.elements.isEmpty && $0.members.isEmpty } ?? true
        target = isEmpty ? nil : found?.jsonText
    }
}
