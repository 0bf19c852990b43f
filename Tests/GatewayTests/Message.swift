/// A request or an answer as it came over a wire, taken apart by a reader of the tests' own.
struct Message: Sendable, CustomStringConvertible {
    var startLine = ""
    /// In order, names as they were spelled.
    var fields: [(name: String, value: String)] = []
    /// Without framing.
    var body: [UInt8] = []
    /// The chunks it came in, if it did.
    var chunks: [[UInt8]] = []
    /// Whether it came to the end its framing announces.
    var isWhole = false

    var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    var text: String { body.text }

    var description: String { "\(startLine) + \(body.count) bytes\(isWhole ? "" : ", not whole")" }

    /// The first field of this name.
    subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }

    func count(of name: String) -> Int { fields.count { $0.name.lowercased() == name } }

    /// `error.code` of an error's body.
    var errorCode: String {
        guard let start = text.range(after: "\"code\":\"") else { return "" }
        return String(text[start...].prefix { $0 != "\"" })
    }
}

extension String {
    /// Where the text after the first `mark` begins.
    func range(after mark: String) -> String.Index? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(mark) { return index(at, offsetBy: mark.count) }
            at = index(after: at)
        }
        return nil
    }
}

extension Wire {
    /// The next head, without its body; an empty message when the end comes first.
    func takeHead() -> Message {
        var message = Message()
        guard let head = take(through: "\r\n\r\n") else { return message }
        let lines = head.dropLast(4).split(separator: 10, omittingEmptySubsequences: false)
            .map { Array($0).text.filter { $0 != "\r" } }
        message.startLine = lines[0]
        message.fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        return message
    }

    /// The next request, body and all.
    func takeRequest() -> Message {
        var message = takeHead()
        guard !message.startLine.isEmpty else { return message }
        takeBody(of: &message, toTheEnd: false)
        return message
    }

    /// The next answer; `withoutBody` when its request was HEAD. Interim ones are answers of their own.
    func takeAnswer(withoutBody: Bool = false) -> Message {
        var message = takeHead()
        guard !message.startLine.isEmpty else { return message }
        if withoutBody || message.status < 200 || message.status == 204 || message.status == 304 {
            message.isWhole = true
        } else {
            takeBody(of: &message, toTheEnd: true)
        }
        return message
    }

    private func takeBody(of message: inout Message, toTheEnd: Bool) {
        if message["transfer-encoding"] == "chunked" {
            while let chunk = takeChunk() {
                if chunk.isEmpty { return message.isWhole = true }
                message.chunks.append(chunk)
                message.body += chunk
            }
        } else if let length = message["content-length"].flatMap({ Int($0) }) {
            message.body = take(length)
            message.isWhole = message.body.count == length
        } else if toTheEnd {
            message.body = takeAll()
            message.isWhole = ending == .closed
        } else {
            message.isWhole = true
        }
    }

    /// The next chunk's payload, empty for the last; nil when the end comes before it is whole.
    func takeChunk() -> [UInt8]? {
        guard let line = take(through: "\r\n"), let size = Int(Array(line.prefix { $0 != 13 && $0 != 0x3B }).text, radix: 16) else { return nil }
        if size == 0 {
            while let trailer = take(through: "\r\n") { if trailer.count == 2 { return [] } }
            return nil
        }
        let payload = take(size)
        return payload.count == size && take(2) == [13, 10] ? payload : nil
    }
}

/// Messages as they stand on the wire.
enum Text {
    static let key = "sk-callers-own"

    /// A request in pass-through to the provider `up`.
    static func request(
        _ line: String = "POST /v1/chat/completions", _ fields: [String] = [], body: String? = "{\"model\":\"m\",\"messages\":[]}",
        provider: String? = "up", key: String? = Text.key, version: String = "HTTP/1.1"
    ) -> String {
        var head = "\(line) \(version)\r\nHost: gateway.test\r\n"
        if let provider { head += "x-portkey-provider: \(provider)\r\n" }
        if let key { head += "Authorization: Bearer \(key)\r\n" }
        for field in fields { head += field + "\r\n" }
        guard let body else { return head + "\r\n" }
        if !fields.contains(where: { $0.lowercased().hasPrefix("content-type:") }) { head += "Content-Type: application/json\r\n" }
        return head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }

    /// An answer of known length.
    static func answer(_ status: String = "200 OK", _ fields: [String] = [], body: String = "{\"id\":\"a\"}") -> String {
        var head = "HTTP/1.1 \(status)\r\n"
        if !fields.contains(where: { $0.lowercased().hasPrefix("content-type:") }) { head += "Content-Type: application/json\r\n" }
        for field in fields { head += field + "\r\n" }
        return head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }

    static let streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [13, 10]
    }

    static func chunk(_ text: String) -> String { chunk(Array(text.utf8)).text }

    static let lastChunk = "0\r\n\r\n"

    /// A whole stream, one chunk an event.
    static func stream(_ events: [String]) -> String { streamHead + events.map { chunk($0) }.joined() + lastChunk }

    static func event(_ data: String) -> String { "data: \(data)\n\n" }
}
