/// A request or an answer as it is kept: its first line, its fields, its body.
public struct KeptMessage: Equatable, Sendable {
    public struct Field: Equatable, Sendable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `POST /v1/chat/completions HTTP/1.1`
    public var line = ""
    public var fields: [Field] = []
    public var body: [UInt8] = []

    public init() {}

    /// A field's first value, by its name in lower case.
    public func value(of name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }

    /// Of a request.
    public var method: String { line.split(separator: " ", maxSplits: 1).first.map(String.init) ?? "" }
    public var target: String {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        return words.count > 1 ? String(words[1]) : ""
    }
}

/// What is kept of one exchange beside its record.
public struct KeptBodies: Equatable, Sendable {
    public var flags: BodyFlags = []
    /// As the client sent it.
    public var request: KeptMessage?
    /// As it was sent to the provider, the last attempt's.
    public var sent: KeptMessage?
    /// As the client was sent it.
    public var answer: KeptMessage?

    public init() {}

    private enum Section: UInt8 {
        case requestHead = 1, requestBody, sentHead, sentBody, answerHead, answerBody
    }

    private static let version: UInt8 = 1

    /// In the form that is compressed: version, flags, then sections with a tag and a length of four bytes each, lowest byte first. A reader passes over those
    /// it does not know.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [KeptBodies.version, flags.rawValue]
        func add(_ section: Section, _ content: [UInt8]) {
            bytes.append(section.rawValue)
            let count = UInt32(clamping: content.count)
            for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
            bytes += content
        }
        func add(_ message: KeptMessage?, _ head: Section, _ body: Section) {
            guard let message else { return }
            let lines = [message.line] + message.fields.map { "\($0.name): \($0.value)" }
            add(head, Array(lines.joined(separator: "\r\n").utf8))
            add(body, message.body)
        }
        add(request, .requestHead, .requestBody)
        add(sent, .sentHead, .sentBody)
        add(answer, .answerHead, .answerBody)
        return bytes
    }

    /// Bytes of a request and an answer of which nothing is kept but that they were cut.
    public static let emptyByteCount: Int = {
        var kept = KeptBodies()
        (kept.request, kept.answer) = (KeptMessage(), KeptMessage())
        return kept.bytes.count
    }()

    /// - Returns: nil for what is none of them, or cut.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2, bytes[0] == KeptBodies.version else { return nil }
        flags = BodyFlags(rawValue: bytes[1])
        var at = 2
        while at < bytes.count {
            guard bytes.count - at >= 5 else { return nil }
            var count = 0
            for index in 0..<4 { count |= Int(bytes[at + 1 + index]) << (8 * index) }
            let section = Section(rawValue: bytes[at])
            at += 5
            guard count <= bytes.count - at else { return nil }
            take(section, Array(bytes[at..<at + count]))
            at += count
        }
    }

    private mutating func take(_ section: Section?, _ content: [UInt8]) {
        switch section {
        case .requestHead: request = KeptBodies.message(content)
        case .requestBody: request?.body = content
        case .sentHead: sent = KeptBodies.message(content)
        case .sentBody: sent?.body = content
        case .answerHead: answer = KeptBodies.message(content)
        case .answerBody: answer?.body = content
        case nil: break
        }
    }

    private static func message(_ head: [UInt8]) -> KeptMessage {
        var message = KeptMessage()
        for (index, line) in head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if index == 0 {
                message.line = String(decoding: line, as: UTF8.self)
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                let (name, value) = (line[..<colon], line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") })
                message.fields.append(KeptMessage.Field(name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self)))
            }
        }
        return message
    }
}
