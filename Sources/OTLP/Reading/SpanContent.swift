import JSON

/// What a span says was asked and answered, each as an object: attributes by their names, numbered ones as lists, and its events.
struct SpanContent {
    /// JSON; empty where nothing is said.
    let asked: [UInt8]
    let answered: [UInt8]
    /// Whether there was no room for some of it.
    let isCut: Bool

    /// - Parameter room: for the lists and objects that names come to, for values of texts, and for what is written.
    init(_ attributes: Attributes, _ events: [Span.Event], _ room: ValueRoom) {
        _ = room.takeLeftOut()
        let (asked, answered) = (Branch(room), Branch(room))
        func branch(_ side: ContentNames.Side) -> Branch { side == .asked ? asked : answered }
        func add(_ attribute: Attribute) {
            if let side = ContentNames.side(of: attribute.name) { branch(side).add(attribute) }
        }
        for attribute in attributes.list { add(attribute) }
        for event in events {
            if let side = ContentNames.side(ofEvent: event.name) {
                branch(side).add(event)
            } else {
                // It has the names that a span has.
                for attribute in event.contents.list { add(attribute) }
            }
        }
        self.asked = asked.json
        self.answered = answered.json
        isCut = room.takeLeftOut()
    }

    /// An object or a list that is being put together.
    private final class Branch {
        private var order: [String] = []
        private var leaves: [String: DocumentNode] = [:]
        private var branches: [String: Branch] = [:]
        private var events: [DocumentNode] = []
        private let room: ValueRoom

        init(_ room: ValueRoom) { self.room = room }

        var json: [UInt8] { order.isEmpty && events.isEmpty ? [] : room.json(node) }

        func add(_ attribute: Attribute) {
            var path = [attribute.name]
            if let family = ContentNames.family(of: attribute.name) {
                let numbers = attribute.name.dropFirst(family.count).split(separator: ".", maxSplits: OTLPLimits.contentDepth - 1)
                path = [String(family.dropLast())] + numbers.map { String($0) }
            }
            add(SpanContent.node(attribute.value, room), at: path[...])
        }

        func add(_ event: Span.Event) {
            guard !event.contents.list.isEmpty else { return }
            let contents = SpanContent.node(.map(event.contents.list), room)
            events.append(SpanContent.object([("name", DocumentNode(.string(event.name), at: .start)), ("attributes", contents)]))
        }

        private func add(_ node: DocumentNode, at path: ArraySlice<String>) {
            guard let name = path.first, path.count == 1 || branches[name] != nil || room.take() else { return }
            if leaves[name] == nil, branches[name] == nil { order.append(name) }
            if path.count == 1 {
                leaves[name] = node
            } else {
                let branch = branches[name] ?? Branch(room)
                branches[name] = branch
                branch.add(node, at: path.dropFirst())
            }
        }

        /// A list, where all its names are numbers.
        private var node: DocumentNode {
            let numbers = order.compactMap { UInt32($0) }
            if events.isEmpty, numbers.count == order.count {
                let names = zip(numbers, order).sorted { $0.0 < $1.0 }.map(\.1)
                return DocumentNode(.array(names.compactMap { value($0) }), at: .start)
            }
            let members = order.compactMap { name in value(name).map { (name, $0) } }
            return SpanContent.object(members + (events.isEmpty ? [] : [("events", DocumentNode(.array(events), at: .start))]))
        }

        /// Of what has a value and names below it, the names.
        private func value(_ name: String) -> DocumentNode? { branches[name]?.node ?? leaves[name] }
    }

    // MARK: Values

    private static func object(_ members: [(name: String, value: DocumentNode)]) -> DocumentNode {
        DocumentNode(.object(members.map { DocumentMember(name: $0.name, position: .start, value: $0.value) }), at: .start)
    }

    /// A value as JSON; a text that is an object or a list in JSON is that.
    private static func node(_ value: AttributeValue, _ room: ValueRoom) -> DocumentNode {
        switch value {
        case .text(let text): json(text, room) ?? DocumentNode(.string(text), at: .start)
        case .flag(let flag): DocumentNode(.boolean(flag), at: .start)
        case .integer(let number): DocumentNode(.number(DocumentNumber(text: "\(number)")), at: .start)
        case .number(let number):
            number.isFinite ? DocumentNode(.number(DocumentNumber(text: "\(number)")), at: .start) : DocumentNode(.string("\(number)"), at: .start)
        case .list(let elements): DocumentNode(.array(elements.map { node($0, room) }), at: .start)
        case .map(let members): object(members.map { ($0.name, node($0.value, room)) })
        case .nothing: DocumentNode(.null, at: .start)
        }
    }

    private static func json(_ text: String, _ room: ValueRoom) -> DocumentNode? {
        text.utf8.first == UInt8(ascii: "{") || text.utf8.first == UInt8(ascii: "[") ? room.document(Array(text.utf8)) : nil
    }
}
