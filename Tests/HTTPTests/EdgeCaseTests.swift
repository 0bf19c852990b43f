import Foundation
import HTTP
import Testing

private struct EdgeCase: Decodable {
    let id: String
    let raw: String
    let expect: String
    let n: Int
    let bodies: [String]?
}

private struct EdgeCases: Decodable {
    let cases: [EdgeCase]
}

@Suite("HTTP/1.1 edge cases")
struct EdgeCaseTests {
    @Test("what is to be rejected is, before a request is complete; what is to be accepted is, body and all")
    func verdicts() throws {
        guard let table = try SharedData.decode(EdgeCases.self, "h1/h1_edge_cases.json") else { return }
        #expect(table.cases.count > 100)
        for entry in table.cases {
            let bytes = try #require(expand(entry.raw).latin1)
            if let difference = tracesAgree(bytes) { Issue.record("\(entry.id): \(difference)") }
            let trace = ConnectionReader.trace(bytes)
            let complete = trace.messages.filter(\.isComplete)
            switch entry.expect {
            case "reject":
                #expect(trace.fault != nil, "\(entry.id): \(trace)")
                #expect(complete.isEmpty, "\(entry.id): \(trace)")
            case "accept":
                #expect(trace.fault == nil, "\(entry.id): \(trace)")
                #expect(complete.count == entry.n, "\(entry.id): \(trace)")
                if let bodies = entry.bodies { #expect(complete.map(\.body) == bodies, "\(entry.id)") }
            default:
                #expect(!complete.contains { $0.startLine[1].contains("smuggled") }, "\(entry.id): \(trace)")
            }
        }
    }

    /// `{P}` is a path, `{H}` more field lines, `{An}` n times `a`, `{Ln}` n field lines.
    private func expand(_ raw: String) -> String {
        var text = raw.replacingOccurrences(of: "{P}", with: "/v1/x").replacingOccurrences(of: "{H}", with: "K: V\r\n")
        for (key, unit) in [("A", "a"), ("L", "a: b\r\n")] {
            while let found = text.range(of: "\\{\(key)[0-9]+\\}", options: .regularExpression) {
                let count = Int(text[found].dropFirst(2).dropLast()) ?? 0
                text.replaceSubrange(found, with: String(repeating: unit, count: count))
            }
        }
        return text
    }
}
