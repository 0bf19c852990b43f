import Foundation
import HTTP
import Testing

/// A case of nodejs/llhttp's own tests (MIT), as bytes and what llhttp makes of them.
private struct LlhttpCase: Decodable {
    struct Message: Decodable {
        let method: String?
        let target: String?
        let version: String?
        let status: Int?
        let reason: String?
        let headers: [[String]]?
        let body: String?
        let complete: Bool?
    }

    let id: String
    let kind: String
    let strict: Bool
    let input_b64: String?
    let verdict: String
    let messages: [Message]?
}

private struct LlhttpTable: Decodable {
    let cases: [LlhttpCase]
}

@Suite("llhttp's strict cases")
struct LlhttpTableTests {
    /// Requests llhttp takes, or reads on with, and we refuse, each with the fault we name.
    static let stricterRequests: [String: (fault: HTTPError, reason: String)] = [
        "llhttp-088": (.malformedVersion(at: 26), "ICE is another protocol"),
        "llhttp-089": (.malformedVersion(at: 27), "RTSP is another protocol"),
        "llhttp-090": (.unknownMethod(at: 0), "ANNOUNCE belongs to RTSP"),
        "llhttp-081": (.invalidTarget(at: 9), "`*` is for OPTIONS only (RFC 9112 §3.2.4)"),
        "llhttp-116": (.missingVersion(at: 5), "HTTP/0.9 is not offered"),
        "llhttp-144": (.fragmentInTarget(at: 39), "a fragment is never sent (RFC 9112 §3.2)"),
        "llhttp-145": (.fragmentInTarget(at: 39), "a fragment is never sent (RFC 9112 §3.2)"),
        "llhttp-163": (.fragmentInTarget(at: 32), "a fragment is never sent (RFC 9112 §3.2)"),
        "llhttp-165": (.invalidAuthority(at: 11), "userinfo in a target is to be treated as an error (RFC 9110 §4.2.4)"),
        "llhttp-078": (.connectRefused, "a gateway is no tunnel"),
        "llhttp-079": (.connectRefused, "a gateway is no tunnel"),
        "llhttp-080": (.connectRefused, "a gateway is no tunnel"),
        "llhttp-164": (.connectRefused, "a gateway is no tunnel"),
        "llhttp-091": (.http2Preface, "HTTP/2 is not offered by prior knowledge"),
    ]

    /// The same for responses.
    static let stricterResponses: [String: (fault: HTTPError, reason: String)] = [
        "llhttp-176": (.unsolicitedUpgrade, "no upgrade is ever asked for"),
        "llhttp-177": (.unsolicitedUpgrade, "no upgrade is ever asked for"),
        "llhttp-181": (.malformedVersion(at: 0), "an empty line between responses is a byte of something else"),
        "llhttp-183": (.malformedVersion(at: 0), "an empty line between responses is a byte of something else"),
        "llhttp-221": (.malformedVersion(at: 0), "an empty line between responses is a byte of something else"),
        "llhttp-241": (.malformedVersion(at: 0), "an empty line before a response is a byte of something else"),
        "llhttp-223": (.malformedVersion(at: 0), "RTSP is another protocol"),
        "llhttp-224": (.malformedVersion(at: 0), "ICE is another protocol"),
        "llhttp-239": (.unsupportedVersion(at: 5), "HTTP/0.9 has no status line"),
        "llhttp-243": (.invalidTransferEncoding(at: 30), "chunked comes last (RFC 9112 §6.1)"),
        "llhttp-244": (.repeatedTransferEncoding(at: 58), "Transfer-Encoding is exactly chunked"),
        "llhttp-245": (.unknownTransferCoding(at: 30), "Transfer-Encoding is exactly chunked"),
    ]

    @Test("every request gets llhttp's verdict and fields, or is listed as refused by us")
    func requests() throws {
        guard let table = try SharedData.decode(LlhttpTable.self, "llhttp/llhttp_cases.json") else { return }
        var count = 0
        for entry in table.cases where entry.strict && entry.kind.hasPrefix("request") {
            count += 1
            let bytes = try entry.bytes()
            if let difference = tracesAgree(bytes) { Issue.record("\(entry.id): \(difference)") }
            let hosted = withHosts(bytes, entry)
            if hosted != bytes, entry.verdict == "accept" {
                let trace = ConnectionReader.trace(bytes)
                #expect(trace.isRejected, "\(entry.id): HTTP/1.1 without Host: \(trace)")
            }
            check(entry, ConnectionReader.trace(hosted), LlhttpTableTests.stricterRequests[entry.id], hosted != bytes)
        }
        #expect(count == 123)
    }

    @Test("every response gets llhttp's verdict and fields, or is listed as refused by us")
    func responses() throws {
        guard let table = try SharedData.decode(LlhttpTable.self, "llhttp/llhttp_cases.json") else { return }
        var count = 0
        for entry in table.cases where entry.strict && entry.kind.hasPrefix("response") {
            count += 1
            let bytes = try entry.bytes()
            if let difference = tracesAgree(bytes, responsesTo: .get) { Issue.record("\(entry.id): \(difference)") }
            let trace = ConnectionReader.trace(bytes, responsesTo: .get)
            check(entry, trace, LlhttpTableTests.stricterResponses[entry.id], false)
        }
        #expect(count == 65)
    }

    private func check(
        _ entry: LlhttpCase, _ trace: MessageTrace, _ stricter: (fault: HTTPError, reason: String)?, _ isHosted: Bool
    ) {
        if let stricter {
            #expect(entry.verdict != "reject", "\(entry.id) is listed as stricter, but llhttp rejects it too")
            #expect(trace.fault == stricter.fault, "\(entry.id): \(stricter.reason)")
            return
        }
        switch entry.verdict {
        case "reject":
            #expect(trace.isRejected, "\(entry.id): llhttp rejects it: \(trace)")
        case "upgrade":
            // llhttp hands the connection over; here the request is answered as it is.
            #expect(trace.messages.first?.startLine.first == entry.messages?.first?.method, "\(entry.id): \(trace)")
        default:
            #expect(!trace.isRejected, "\(entry.id): llhttp takes it: \(trace)")
            compare(entry, trace, isHosted)
        }
    }

    private func compare(_ entry: LlhttpCase, _ trace: MessageTrace, _ isHosted: Bool) {
        // Messages whose head is whole; llhttp reports others as far as it read.
        let wanted = (entry.messages ?? []).prefix(trace.messages.count)
        #expect(trace.completeCount == (entry.messages ?? []).filter { $0.complete == true }.count, "\(entry.id): \(trace)")
        for (message, expected) in zip(trace.messages, wanted) {
            let version = expected.version ?? ""
            let startLine = expected.status.map { [version, String($0), asBytes(expected.reason ?? "")] }
            #expect(message.startLine == startLine ?? [expected.method ?? "", expected.target ?? "", version], "\(entry.id)")
            let fields = message.fields.filter { !isHosted || $0[0] != "Host" }
            let expectedFields = (expected.headers ?? []).map { [$0[0], asBytes($0[1].trimmingCharacters(in: [" ", "\t"]))] }
            #expect(fields == expectedFields, "\(entry.id)")
            #expect(message.body == (expected.body ?? ""), "\(entry.id)")
        }
    }

    /// The table's text is UTF-8, a trace's is one character a byte.
    private func asBytes(_ text: String) -> String { String(latin1: Array(text.utf8)) }

    /// The bytes with a Host line after each HTTP/1.1 request line that has none: most cases leave it out.
    private func withHosts(_ bytes: [UInt8], _ entry: LlhttpCase) -> [UInt8] {
        var text = String(latin1: bytes)
        guard !text.lowercased().contains("\r\nhost:"), !text.lowercased().contains("\r\nhost :") else { return bytes }
        var lines: Set<String> = []
        for message in entry.messages ?? [] where message.version == "1.1" {
            guard let method = message.method, let target = message.target else { continue }
            let line = "\(method) \(target) HTTP/1.1\r\n"
            var host = "a"
            if target.hasPrefix("http://") {
                host = String(target.dropFirst(7).prefix { $0 != "/" && $0 != "?" })
            }
            guard lines.insert(line).inserted else { continue }
            text = text.replacingOccurrences(of: line, with: "\(line)Host: \(host)\r\n")
        }
        return text.latin1 ?? bytes
    }
}

extension LlhttpCase {
    fileprivate func bytes() throws -> [UInt8] {
        try [UInt8](#require(Data(base64Encoded: input_b64 ?? "")))
    }
}
