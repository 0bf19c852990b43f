import Foundation
import Testing

@Suite("Threats page")
struct ThreatsPageTests {
    private let rows: [[String]]

    init() throws {
        let page = try Repository.text("docs/threats.md")
        let headings = page.matches(of: /(?m)^## (.+)$/).map { String($0.output.1) }
        rows = headings.flatMap { Markdown.rows(below: $0, of: page) }
    }

    /// What stands between backquotes in a cell.
    private func names(_ cell: String) -> [String] { cell.matches(of: /`([^`]+)`/).map { String($0.output.1) } }

    @Test("every row names what answers, and a test")
    func rowsAreWhole() {
        #expect(rows.count > 30)
        for row in rows { #expect(row.count == 4 && !row[1].isEmpty && !names(row[3]).isEmpty, "\(row)") }
    }

    @Test("every bound it names is a row of docs/limits.md")
    func boundsAreThere() throws {
        let limits = Set(try Repository.text("docs/limits.md").matches(of: /(?m)^\| `([^`]+)` \|/).map { String($0.output.1) })
        for row in rows {
            for bound in names(row[2]) { #expect(limits.contains(bound), "docs/limits.md has no \(bound): \(row[0])") }
        }
    }

    @Test("every test it names is there")
    func testsAreThere() throws {
        let files = Repository.files(in: "Tests")
        for proof in rows.flatMap({ names($0[3]) }) {
            let parts = proof.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            let found = try files.filter { $0.hasSuffix("/" + parts[0]) }.filter { file in
                guard parts.count == 2 else { return true }
                let text = try Repository.text(file)
                return file.hasSuffix(".py") ? text.contains("def \(parts[1])(self") : text.contains("@Test(") && text.contains(parts[1])
            }
            #expect(!found.isEmpty, "no file of Tests has \(proof)")
        }
    }
}
