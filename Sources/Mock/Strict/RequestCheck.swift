import Bytes
import JSON

/// What is wrong with a request, and where: `messages[1].content[0].typ`.
struct RequestFault {
    let path: String
    /// With the path in it.
    let sentence: String
    var status = 400

    init(_ path: String, _ wrong: String) {
        self.path = path
        sentence = path.isEmpty ? "the body \(wrong)" : "\(path) \(wrong)"
    }

    /// What stands outside the body.
    init(status: Int, _ sentence: String) {
        path = ""
        self.sentence = sentence
        self.status = status
    }
}

/// Holds a body to the rules; the first fault is told.
extension RequestRules {
    func check(_ body: JSONValue, as type: String) -> RequestFault? { fault(body, [.named(type)], "") }

    private func fault(_ value: JSONValue, _ shapes: [Shape], _ path: String) -> RequestFault? {
        let shapes = expanded(shapes)
        for shape in shapes {
            switch (shape, value.kind) {
            case (.any, _), (.string, .string), (.number, .number), (.bool, .true), (.bool, .false), (.null, .null), (.object, .object): return nil
            // A whole number may be written as 1.0 or 1e3 in JSON; these APIs want digits.
            case (.integer, .number): if value.integer != nil { return nil }
            case (.word(let word), .string): if isWord(value, word) { return nil }
            default: break
            }
        }
        if isProtocolBuffers, value.isNull { return nil }
        switch value.kind {
        case .array: if let found = listFault(value, shapes, path) { return found.fault }
        case .object: if let found = objectFault(value, shapes, path) { return found.fault }
        default: break
        }
        return RequestFault(path, "must be \(RequestRules.names(of: shapes)), and is \(RequestRules.name(of: value))")
    }

    private func isWord(_ value: JSONValue, _ word: String) -> Bool {
        guard let string = value.string else { return false }
        return Array(word.utf8).withByteSlice { string == $0 }
    }

    /// What was found, if anything could hold the value.
    private struct Finding {
        let fault: RequestFault?
    }

    private func listFault(_ value: JSONValue, _ shapes: [Shape], _ path: String) -> Finding? {
        var first: RequestFault?
        for case .list(let element) in shapes {
            var found: RequestFault?
            for (index, item) in value.elements.enumerated() {
                found = fault(item, element, "\(path)[\(index)]")
                if found != nil { break }
            }
            if found == nil { return Finding(fault: nil) }
            first = first ?? found
        }
        return first.map { Finding(fault: $0) }
    }

    private func objectFault(_ value: JSONValue, _ shapes: [Shape], _ path: String) -> Finding? {
        for case .map(let each) in shapes {
            for (name, member) in value.members {
                if let fault = fault(member, each, RequestRules.joined(path, String(name.content))) { return Finding(fault: fault) }
            }
            return Finding(fault: nil)
        }
        let candidates = shapes.compactMap { shape -> [Member]? in
            guard case .named(let name) = shape else { return nil }
            precondition(objects[name] != nil, "the rules declare \(name)")
            return objects[name]
        }
        guard let only = candidates.first else { return nil }
        if candidates.count == 1 { return Finding(fault: memberFault(value, only, path)) }
        // One of several is told by its type or role.
        let chosen = candidates.filter { fits(value, $0) }
        if let only = chosen.first {
            var first: RequestFault?
            for candidate in chosen {
                guard let found = memberFault(value, candidate, path) else { return Finding(fault: nil) }
                first = first ?? found
            }
            return Finding(fault: first ?? memberFault(value, only, path))
        }
        let key = only.contains { $0.name == "role" } ? "role" : "type"
        let words = candidates.flatMap { members in members.first { $0.name == key }.map { RequestRules.words($0.shapes) } ?? [] }
        return Finding(fault: RequestFault(RequestRules.joined(path, key), "must be one of \(words.joined(separator: ", "))"))
    }

    /// Whether the value's `type` and `role` are words of the candidate's.
    private func fits(_ value: JSONValue, _ members: [Member]) -> Bool {
        for member in members where member.name == "type" || member.name == "role" {
            guard let given = value.member(ByteSlice(member.name == "type" ? "type" : "role")) else {
                if member.isRequired { return false }
                continue
            }
            if fault(given, member.shapes, "") != nil { return false }
        }
        return true
    }

    private func memberFault(_ value: JSONValue, _ members: [Member], _ path: String) -> RequestFault? {
        var seen: Set<String> = []
        for (name, given) in value.members {
            let name = String(name.content)
            let path = RequestRules.joined(path, name)
            guard let member = member(name, of: members) else {
                return RequestFault(path, "is not documented (\(source)); known here: \(members.map(\.name).sorted().joined(separator: ", "))")
            }
            guard seen.insert(member.name).inserted else { return RequestFault(path, "is given twice") }
            if let fault = fault(given, member.shapes, path) { return fault }
        }
        for member in members where member.isRequired && !seen.contains(member.name) {
            return RequestFault(RequestRules.joined(path, member.name), "is required")
        }
        return nil
    }

    private func member(_ name: String, of members: [Member]) -> Member? {
        if let found = members.first(where: { $0.name == name }) { return found }
        guard isProtocolBuffers else { return nil }
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        let camel = words.dropFirst().reduce(String(words[0])) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
        return members.first { $0.name == camel }
    }

    // MARK: Words for people

    static func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private static func words(_ shapes: [Shape]) -> [String] {
        shapes.compactMap { if case .word(let word) = $0 { word } else { nil } }
    }

    private static func names(of shapes: [Shape]) -> String {
        let names = shapes.map { shape in
            switch shape {
            case .any: "anything"
            case .string: "a string"
            case .number: "a number"
            case .integer: "an integer"
            case .bool: "true or false"
            case .null: "null"
            case .object, .map, .named: "an object"
            case .word(let word): "\"\(word)\""
            case .list: "an array"
            }
        }
        return names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: " or ")
    }

    private static func name(of value: JSONValue) -> String {
        switch value.kind {
        case .object: "an object"
        case .array: "an array"
        case .null: "null"
        case .string, .number, .true, .false: String(value.bytes.prefix(min(value.bytes.count, 40)))
        }
    }
}
