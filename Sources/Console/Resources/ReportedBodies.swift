import Books
import JSON

/// What was asked and answered of a request that somebody tells of, as messages like the gateway's own.
struct ReportedBodies {
    private let request: Body
    /// Nil where nothing is said of an answer.
    private let response: Body?

    init(_ report: Body) {
        request = report.body("request") ?? .none
        response = report.body("response")
    }

    /// As it was told; nil where the request itself wanted figures alone.
    var kept: KeptBodies? {
        guard !wantsFiguresAlone else { return nil }
        var kept = KeptBodies()
        kept.request = message(request, "\(word(request.text("method") ?? "POST")) \(word(ReportedURL(request.text("url") ?? "").target)) HTTP/1.1")
        kept.answer = response.map { message($0, "HTTP/1.1 \($0.integer("status") ?? 200)") }
        return kept
    }

    /// By any of its values: a list of them, one text with commas in it and several fields of one name are the same.
    private var wantsFiguresAlone: Bool {
        ReportedBodies.values(of: "x-portkey-debug", in: request).contains { value in
            value.split { $0 == "," || $0.isWhitespace }.contains { $0.lowercased() == "false" }
        }
    }

    private func message(_ told: Body, _ line: String) -> KeptMessage {
        var message = KeptMessage()
        message.line = line
        var left = ConsoleLimits.reportHeadByteCount - line.utf8.count
        for field in told.value("headers")?.members ?? [] {
            for text in ReportedBodies.texts(field.value) {
                left -= field.name.utf8.count + text.utf8.count
                guard left >= 0, message.fields.count < ConsoleLimits.reportFieldCount else { break }
                message.fields.append(KeptMessage.Field(name: field.name, value: text))
            }
        }
        if let body = told.value("body") { message.body = body.string.map { Array($0.utf8) } ?? body.json }
        return message
    }

    /// As a first line can have it, whose words stand between blanks.
    private func word(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { word, scalar in
            if scalar.value > 0x20, scalar.value != 0x7F {
                word.unicodeScalars.append(scalar)
            } else {
                word += (scalar.value < 0x10 ? "%0" : "%") + String(scalar.value, radix: 16, uppercase: true)
            }
        }
    }

    /// The values of a field that a report says of a request, by its name in small letters.
    static func values(of name: String, in told: Body) -> [String] {
        (told.value("headers")?.members ?? []).filter { $0.name.lowercased() == name }.flatMap { texts($0.value) }
    }

    /// Of a list, each of its own.
    private static func texts(_ value: DocumentNode) -> [String] { (value.elements.isEmpty ? [value] : value.elements).compactMap { text($0) } }

    private static func text(_ node: DocumentNode) -> String? {
        switch node.value {
        case .string(let text): text
        case .number(let number): number.text
        case .boolean(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}
