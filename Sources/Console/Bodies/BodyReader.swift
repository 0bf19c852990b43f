import Bytes
import JSON
import Policy

/// Reads values by their description, and notes all that is wrong with them.
struct BodyReader {
    /// Whether numbers and flags may be texts, as a query's are.
    var readsTexts = false
    private(set) var faults: [BodyFault] = []

    // MARK: Whole bodies

    /// - Throws: `.invalid` with every fault, up to a bound; `.tooLong`.
    static func read(_ bytes: [UInt8], _ shape: BodyShape) throws(ConsoleError) -> Body {
        guard bytes.count <= shape.byteCount else { throw .tooLong("the body has \(bytes.count) bytes; at most \(shape.byteCount) are read") }
        guard !bytes.isEmpty else { return try read(.empty, shape) }
        let (document, diagnostics) = bytes.withByteSlice {
            DocumentParser.parse($0, textByteCount: shape.byteCount, nodeCount: ConsoleLimits.bodyNodeCount)
        }
        guard let document else {
            let place = diagnostics.first?.position ?? .start
            throw .invalid("", "the body is no JSON: \(diagnostics.first?.message ?? "it is empty") (line \(place.line), column \(place.column))")
        }
        if diagnostics.hasErrors {
            throw .invalid(diagnostics.prefix(ConsoleLimits.faultCount).map { BodyFault(place($0.path), "is given twice; keep one") })
        }
        return try read(document.root, shape)
    }

    private static func read(_ root: DocumentNode, _ shape: BodyShape) throws(ConsoleError) -> Body {
        var reader = BodyReader()
        let node = shape.most == 1 ? reader.object(root, shape, "") : reader.objects(root, shape)
        guard reader.faults.isEmpty else { throw .invalid(reader.faults) }
        return Body(node: node)
    }

    /// One object, or a list of them, as a list.
    private mutating func objects(_ root: DocumentNode, _ shape: BodyShape) -> DocumentNode {
        guard case .array(let elements) = root.value else { return .list([object(root, shape, "")]) }
        guard (1...shape.most).contains(elements.count) else {
            note("", "the body has \(elements.count) entries; a list has from 1 to \(shape.most)")
            return .null
        }
        return .list(elements.enumerated().map { object($1, shape, "[\($0)]") })
    }

    private static func place(_ path: DocumentPath) -> String {
        var place = ""
        for step in path.steps {
            switch step {
            case .member(let name): place += place.isEmpty ? shown(name) : "." + shown(name)
            case .index(let index): place += "[\(index)]"
            }
        }
        return place
    }

    /// A client's own name in a message: as it is where it is plain, else quoted.
    static func shown(_ name: String) -> String {
        let isPlain = (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        return isPlain ? name : quoted(name)
    }

    mutating func note(_ fault: BodyFault) { if faults.count < ConsoleLimits.faultCount { faults.append(fault) } }

    private mutating func note(_ path: String, _ reason: String) { note(BodyFault(path, reason)) }

    // MARK: Objects

    /// The object with its members under their usual names.
    mutating func object(_ node: DocumentNode, _ shape: BodyShape, _ path: String) -> DocumentNode {
        guard case .object(let members) = node.value else {
            note(path, path.isEmpty ? "the body must be an object, not \(Self.kind(node))" : "must be an object, not \(Self.kind(node))")
            return .null
        }
        let faultCount = faults.count
        var read: [(String, DocumentNode)] = []
        for member in members {
            let place = path.isEmpty ? Self.shown(member.name) : "\(path).\(Self.shown(member.name))"
            guard let field = shape.field(member.name) else {
                if shape.isOpen { read.append((member.name, member.value)) } else { note(place, "is unknown; \(Self.hint(member.name, shape))") }
                continue
            }
            guard !read.contains(where: { $0.0 == field.name }) else {
                note(place, "says \(field.name) again; keep one")
                continue
            }
            if member.value.isNull {
                if field.isRequired { note(place, "is missing") } else { read.append((field.name, .null)) }
            } else {
                read.append((field.name, value(member.value, field.kind, place)))
            }
        }
        for field in shape.fields where field.isRequired && !members.contains(where: { shape.field($0.name)?.name == field.name }) {
            note(path.isEmpty ? field.name : "\(path).\(field.name)", "is missing")
        }
        let object = DocumentNode.object(read.filter { shape.field($0.0)?.kind.isRead ?? true })
        // Members that are wrong by themselves are not judged together.
        if faults.count == faultCount, let check = shape.check { for fault in check(Body(node: object)) { note(fault.below(path)) } }
        return object
    }

    private static func hint(_ name: String, _ shape: BodyShape) -> String {
        let names = shape.fields.map(\.name)
        if names.isEmpty { return "nothing is read here" }
        return NearestName.find(name, among: names).map { "did you mean \(quoted($0))?" } ?? "known: \(names.joined(separator: ", "))"
    }

    // MARK: Values

    private mutating func value(_ node: DocumentNode, _ kind: BodyKind, _ path: String) -> DocumentNode {
        switch kind {
        case .text(let limit): return text(node, limit, path)
        case .word(let limit): return word(node, limit, path)
        case .choice(let words): return choice(node, words, path)
        case .flag: return flag(node, path)
        case .integer(let range): return integer(node, range, path)
        case .amount(let range): return amount(node, range, path)
        case .decimal(let range): return decimal(node, range, path)
        case .time: return time(node, path)
        case .date:
            guard case .number(let number) = time(node, path).value else { return .null }
            return .time(number.integer)
        case .list(let kind, let limit): return list(node, limit, path) { $0.value($1, kind, $2) }
        case .object(let shape): return object(node, shape, path)
        case .oneOrMore(let shape, let limit):
            if case .object = node.value { return .list([object(node, shape, path)]) }
            return list(node, limit, path) { $0.object($1, shape, $2) }
        case .textOrObject(let shape, let member):
            guard case .string = node.value else { return object(node, shape, path) }
            return object(.object([(member, node)]), shape, path)
        case .textOrList(let limit):
            if case .string = node.value { return .list([text(node, ConsoleLimits.entryByteCount, path)]) }
            return list(node, limit, path) { $0.text($1, ConsoleLimits.entryByteCount, $2) }
        case .texts: return texts(node, path)
        case .anyObject: return anyObject(node, path)
        case .objectOrText:
            guard case .string(let text) = node.value else { return anyObject(node, path) }
            let (document, diagnostics) = DocumentParser.parse(text)
            guard let document, !diagnostics.hasErrors else {
                note(path, "is a text that is no JSON: \(diagnostics.first?.message ?? "it is empty")")
                return .null
            }
            return anyObject(document.root, path)
        case .any, .copy: return node
        }
    }

    private mutating func mismatch(_ node: DocumentNode, _ path: String, _ wanted: String) -> DocumentNode {
        note(path, "must be \(wanted), not \(Self.kind(node))")
        return .null
    }

    private static func kind(_ node: DocumentNode) -> String {
        switch node.value {
        case .null: "null"
        case .boolean: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    private mutating func text(_ node: DocumentNode, _ limit: Int, _ path: String) -> DocumentNode {
        guard case .string(let text) = node.value else { return mismatch(node, path, "a text") }
        if text.utf8.count > limit { note(path, "has \(text.utf8.count) bytes; at most \(limit) are taken") }
        return node
    }

    private mutating func word(_ node: DocumentNode, _ limit: Int, _ path: String) -> DocumentNode {
        let text: String
        switch node.value {
        case .string(let found): text = found
        case .number(let number): text = number.text
        default: return mismatch(node, path, "a text or a number")
        }
        return .text(text.utf8.count <= limit ? text : String(decoding: text.utf8.prefix(limit), as: UTF8.self))
    }

    private mutating func choice(_ node: DocumentNode, _ words: [String], _ path: String) -> DocumentNode {
        let allowed = "one of \(words.joined(separator: ", "))"
        guard case .string(let text) = node.value else { return mismatch(node, path, allowed) }
        if !words.contains(text) {
            let hint = NearestName.find(text, among: words).map { "; did you mean \(quoted($0))?" } ?? ""
            note(path, "must be \(allowed), not \(quoted(text))\(hint)")
        }
        return node
    }

    private mutating func flag(_ node: DocumentNode, _ path: String) -> DocumentNode {
        switch node.value {
        case .boolean: return node
        case .number(let number) where number.integer == 0 || number.integer == 1: return .flag(number.integer == 1)
        // Python writes them with a capital.
        case .string(let text) where readsTexts && ["true", "True", "1"].contains(text): return .flag(true)
        case .string(let text) where readsTexts && ["false", "False", "0"].contains(text): return .flag(false)
        default: return mismatch(node, path, "true or false")
        }
    }

    private mutating func integer(_ node: DocumentNode, _ range: ClosedRange<Int64>, _ path: String) -> DocumentNode {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        var found: Int64?
        switch node.value {
        case .number(let number): found = number.integer
        case .string(let text) where readsTexts: found = Array(text.utf8).withByteSlice(\.decimal)
        default: return mismatch(node, path, allowed)
        }
        guard let found, range.contains(found) else {
            note(path, "must be \(allowed)")
            return .null
        }
        return .number(found)
    }

    private mutating func amount(_ node: DocumentNode, _ range: ClosedRange<Int64>, _ path: String) -> DocumentNode {
        let allowed = "a number from \(range.lowerBound) to \(range.upperBound) with at most nine decimals"
        let number: DocumentNumber
        switch node.value {
        case .number(let found): number = found
        case .string(let text) where readsTexts && BodyReader.isNumber(text): number = DocumentNumber(text: text)
        default: return mismatch(node, path, allowed)
        }
        let parts = number.text.utf8.split(separator: UInt8(ascii: "."))
        let isPlain = number.text.utf8.count <= 32 && number.text.utf8.allSatisfy { ASCII.isDigit($0) || $0 == UInt8(ascii: ".") }
        guard isPlain || number.integer != nil, parts.count < 2 || parts[1].count <= 9, number.double >= Double(range.lowerBound),
            number.double <= Double(range.upperBound)
        else {
            note(path, "must be \(allowed)")
            return .null
        }
        return number.integer.map { .number($0) } ?? DocumentNode(.number(number), at: node.position)
    }

    private mutating func decimal(_ node: DocumentNode, _ range: ClosedRange<Int64>, _ path: String) -> DocumentNode {
        let allowed = "a number from \(range.lowerBound) to \(range.upperBound)"
        let number: DocumentNumber
        switch node.value {
        case .number(let found): number = found
        case .string(let text) where readsTexts:
            guard case .number(let found)? = DocumentParser.parse(text).document?.root.value else { return mismatch(node, path, allowed) }
            number = found
        default: return mismatch(node, path, allowed)
        }
        guard number.double >= Double(range.lowerBound), number.double <= Double(range.upperBound) else {
            note(path, "must be \(allowed)")
            return .null
        }
        return DocumentNode(.number(number), at: node.position)
    }

    /// Digits, and a point between two of them.
    private static func isNumber(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (1...2).contains(parts.count) && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ASCII.isDigit($0) } }
    }

    private mutating func time(_ node: DocumentNode, _ path: String) -> DocumentNode {
        guard case .string(let text) = node.value else { return mismatch(node, path, Timestamp.allowed) }
        guard let milliseconds = Timestamp.milliseconds(text) else {
            note(path, "must be \(Timestamp.allowed), not \(quoted(text))")
            return .null
        }
        return .number(milliseconds)
    }

    private mutating func list(
        _ node: DocumentNode, _ limit: Int, _ path: String, _ read: (inout BodyReader, DocumentNode, String) -> DocumentNode
    ) -> DocumentNode {
        guard case .array(let elements) = node.value else { return mismatch(node, path, "a list") }
        guard elements.count <= limit else {
            note(path, "has \(elements.count) entries; at most \(limit) are taken")
            return .null
        }
        return .list(elements.enumerated().map { read(&self, $1, "\(path)[\($0)]") })
    }

    private mutating func texts(_ node: DocumentNode, _ path: String) -> DocumentNode {
        guard case .object(let members) = node.value else { return mismatch(node, path, "an object of texts") }
        if members.count > ConsoleLimits.metadataCount { note(path, "has \(members.count) pairs; at most \(ConsoleLimits.metadataCount) are taken") }
        for member in members {
            if member.name.utf8.count > ConsoleLimits.metadataByteCount { note(path, "has a name of more than \(ConsoleLimits.metadataByteCount) bytes") }
            _ = text(member.value, ConsoleLimits.metadataByteCount, "\(path).\(Self.shown(member.name))")
        }
        let byteCount = node.json.count
        if byteCount > ConsoleLimits.metadataTextByteCount {
            note(path, "has \(byteCount) bytes of JSON; at most \(ConsoleLimits.metadataTextByteCount) are taken")
        }
        return node
    }

    private mutating func anyObject(_ node: DocumentNode, _ path: String) -> DocumentNode {
        guard case .object = node.value else { return mismatch(node, path, "an object") }
        return node
    }
}
