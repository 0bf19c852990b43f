import Bytes
import JSON

/// What of a span's attributes is metadata of its request: names that callers choose, and a few that conventions have.
enum SpanMetadata {
    private static let named: [(Meaning, String)] = [
        (.session, "session_id"), (.environment, "environment"), (.service, "service"), (.traceName, "trace_name"), (.agent, "agent"), (.tool, "tool"),
        (.release, "release"), (.version, "version"),
    ]

    private static let elsewhere = Set(AttributeNames.of(.user) + AttributeNames.of(.session) + AttributeNames.of(.tags))

    /// One of a name, the span's own before its process's; what has another place in a record is not among them.
    static func pairs(_ attributes: Attributes, _ resource: Attributes) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        var names: Set<String> = []
        func add(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty, !name.isEmpty, names.insert(name).inserted else { return }
            pairs.append((name, value))
        }
        for (meaning, name) in named { add(name, attributes.text(meaning) ?? resource.text(meaning)) }
        switch attributes.value(.tags) {
        case .list(let tags)?: add("tags", tags.compactMap(\.text).joined(separator: ","))
        case .text(let text)?: add("tags", text.hasPrefix("[") ? texts(text).joined(separator: ",") : text)
        default: break
        }
        for attribute in attributes.list where !elsewhere.contains(attribute.name) {
            guard let prefix = AttributeNames.metadataPrefixes.first(where: { attribute.name.hasPrefix($0) }) else { continue }
            add(String(attribute.name.dropFirst(prefix.count)), attribute.value.text)
        }
        for name in AttributeNames.of(.metadata) {
            if let text = attributes[name]?.text { for pair in self.pairs(json: text) { add(pair.name, pair.value) } }
        }
        return pairs
    }

    /// The members of an object that are no objects or lists themselves; none of what is no object.
    static func pairs(json text: String) -> [(name: String, value: String)] {
        guard let root = DocumentParser.parse(text).document?.root, case .object(let members) = root.value else { return [] }
        return members.compactMap { member in word(member.value).map { (member.name, $0) } }
    }

    /// The elements of a list that are no objects or lists themselves.
    static func texts(_ text: String) -> [String] {
        guard let root = DocumentParser.parse(text).document?.root, case .array(let elements) = root.value else { return [] }
        return elements.compactMap(word)
    }

    private static func word(_ node: DocumentNode) -> String? {
        switch node.value {
        case .string(let text): text
        case .number(let number): number.text
        case .boolean(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// A date, also as JSON has it, in quotes; since 1970, and nil behind 2554, where 64 bits end.
    static func nanoseconds(_ text: String) -> UInt64? {
        let date = text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 1 ? String(text.dropFirst().dropLast()) : text
        guard let milliseconds = Timestamp.milliseconds(date).flatMap({ UInt64(exactly: $0) }) else { return nil }
        let (nanoseconds, isTooLate) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return isTooLate ? nil : nanoseconds
    }
}
