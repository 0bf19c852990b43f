import Foundation
import Testing

@Suite("Step table")
struct StepTableTests {
    private let page: [[String]]
    private let exchange: String

    init() throws {
        page = Markdown.rows(below: "The way of one request", of: try Repository.text("docs/architecture.md"))
        exchange = try Repository.text("Sources/Gateway/Exchange.swift")
    }

    @Test("each step of the page names a file in Steps, and each file there is a step of the page")
    func pageAndFolderAgree() {
        let named = page.map { "Sources/Gateway/Steps/" + Markdown.unquoted($0[1]) }
        #expect(Set(named) == Set(Repository.files(in: "Sources/Gateway/Steps", suffix: ".swift")))
    }

    @Test("a step's file holds the function of its name", arguments: ["receive", "identify", "decide", "dispatch", "relay", "settle", "refuse"])
    func fileHoldsTheStep(step: String) throws {
        let file = try #require(page.first { $0[0] == step }.map { Markdown.unquoted($0[1]) })
        let code = try SwiftFile("Sources/Gateway/Steps/" + file).code
        #expect(code.contains("func \(step)(_ "), "\(file) has no function \(step)")
    }

    @Test("the page, the table above `Step` and its cases list the same steps in the same order")
    func orderIsOne() throws {
        let cases = try #require(exchange.firstMatch(of: /enum Step: UInt8 \{\s*case ([\w, ]+)/)).output.1
            .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let comment = exchange.matches(of: /\/\/\/ \| (\w+) +\|/).map { String($0.output.1) }.filter { $0 != "step" }
        #expect(comment == cases)
        // Refuse is off the line: no case, but a file and a row.
        #expect(page.map { $0[0] } == cases + ["refuse"])
    }
}
