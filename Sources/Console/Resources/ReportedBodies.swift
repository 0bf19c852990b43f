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
        guard ReportedBodies.field("x-portkey-debug", of: request)?.lowercased() != "false" else { return nil }
        var kept = KeptBodies()
        kept.request = message(request, "\(word(request.text("method") ?? "POST")) \(target) HTTP/1.1")
        kept.answer = response.map { message($0, "HTTP/1.1 \($0.integer("status") ?? 200)") }
        return kept
    }

    private func message(_ told: Body, _ line: String) -> KeptMessage {
        var message = KeptMessage()
        message.line = line
        message.fields = (told.value("headers")?.members ?? []).flatMap { field in
            let values = field.value.elements.isEmpty ? [field.value] : field.value.elements
            return values.compactMap { ReportedBodies.text($0) }.map { KeptMessage.Field(name: field.name, value: $0) }
        }
        if let body = told.value("body") { message.body = body.string.map { Array($0.utf8) } ?? body.json }
        return message
    }

    /// Where it went, without what stands before an `@`, which may be a credential, and without a fragment, which no server is sent.
    private var target: String {
        let url = request.text("url") ?? ""
        guard let scheme = url.firstRange(of: "://") else { return word(url) }
        let rest = url[scheme.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        return word(String(url[..<scheme.upperBound]) + (rest[..<end].split(separator: "@").last ?? "") + rest[end...])
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

    /// The value of a field that a report says of a request, by its name in small letters.
    static func field(_ name: String, of told: Body) -> String? {
        (told.value("headers")?.members ?? []).first { $0.name.lowercased() == name }.flatMap { text($0.value) }
    }

    private static func text(_ node: DocumentNode) -> String? {
        switch node.value {
        case .string(let text): text
        case .number(let number): number.text
        case .boolean(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}
