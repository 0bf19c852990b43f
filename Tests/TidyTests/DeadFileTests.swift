import Foundation
import Testing

@Suite("Dead files")
struct DeadFileTests {
    /// Files that only tests and benchmarks use so far, each with who will take it up.
    private static let ahead = [
        "Sources/JSON/JSONWriter.swift": "translation of bodies writes them",
        "Sources/JSON/MemberCapture.swift": "translation of answers that come in pieces",
    ]

    private struct Declarations {
        /// Types and functions at the file's own level.
        var own: Set<Substring> = []
        /// What the file adds to types of other files.
        var added: Set<Substring> = []
        /// Those types.
        var extended: Set<Substring> = []
    }

    private func declarations(in file: SwiftFile) -> Declarations {
        let modifiers = #/(?:@\w+(?:\([^)]*\))? |public |package |internal |final |indirect |borrowing |mutating |consuming |static )*/#
        let kinds = #/(struct|class|enum|protocol|actor|typealias|func|let|var|case|extension) +`?(?:\w+\.)*(\w+)/#
        var found = Declarations()
        var isExtension = false
        for line in file.code.split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            guard indent == 0 || indent == 4 else { continue }
            let stripped = line.dropFirst(indent)
            guard let lead = stripped.prefixMatch(of: modifiers) else { continue }
            guard let match = stripped[lead.range.upperBound...].prefixMatch(of: kinds) else { continue }
            if indent == 0 { isExtension = match.output.1 == "extension" && !found.own.contains(match.output.2) }
            switch (indent, isExtension) {
            case (0, true): found.extended.insert(match.output.2)
            case (0, false): found.own.insert(match.output.2)
            case (_, true): found.added.insert(match.output.2)
            default: break
            }
        }
        return found
    }

    /// Whether another file of the product names something that `file` declares.
    private func isUsed(_ file: SwiftFile) -> Bool {
        let declared = declarations(in: file)
        let others = Repository.sources.filter { $0.path != file.path }
        if others.contains(where: { !$0.words.isDisjoint(with: declared.own.union(declared.added)) }) { return true }
        // Initializers and conformances have no name: the type they extend then speaks for them.
        return declared.own.isEmpty && declared.added.isEmpty && others.contains { !$0.words.isDisjoint(with: declared.extended) }
    }

    @Test("each Swift file declares something that another file uses")
    func noDeadSource() {
        for file in Repository.sources where !file.code.contains("@main") && Self.ahead[file.path] == nil {
            #expect(isUsed(file), "nothing uses what \(file.path) declares")
        }
    }

    @Test("a file that is ahead of its use is tested, and is struck off the list once it is used", arguments: ahead.keys.sorted())
    func aheadOfUse(path: String) throws {
        let file = try SwiftFile(path)
        let type = try #require(path.split(separator: "/").last?.dropLast(".swift".count))
        #expect(!isUsed(file), "\(path) is used: strike it off the list")
        #expect(Repository.others.contains { $0.path.hasPrefix("Tests/") && $0.words.contains(type) }, "no test uses \(type)")
    }

    @Test("each folder of tests is a target")
    func noForgottenTests() throws {
        let targets = Set(SwiftManifest(try Repository.text("Package.swift")).targets.map(\.name))
        let folders = Set(Repository.files(in: "Tests", suffix: ".swift").map { String($0.split(separator: "/")[1]) })
        #expect(folders.subtracting(targets).sorted() == [], "folders of Tests that are no target of Package.swift")
    }

    // MARK: Pages

    /// The pages, and the files of the repository that each links to.
    private func links() throws -> [String: Set<String>] {
        let pages = Repository.files(in: "", suffix: ".md")
        return Dictionary(uniqueKeysWithValues: try pages.map { page in
            let folder = (page as NSString).deletingLastPathComponent
            let targets = try Repository.text(page).matches(of: /\]\(([^)#\s]+)(?:#[^)]*)?\)/).map { String($0.output.1) }
            let local = targets.filter { !$0.contains("://") }
            return (page, Set(local.map { ((folder as NSString).appendingPathComponent($0) as NSString).standardizingPath }))
        })
    }

    @Test("every link of a page leads to a file that is there")
    func linksLead() throws {
        for (page, targets) in try links() {
            for target in targets { #expect(Repository.exists(target), "\(page) links to \(target)") }
        }
    }

    @Test("every page can be reached from the README")
    func pagesAreLinked() throws {
        let links = try links()
        var reached: Set<String> = ["README.md"]
        var waiting = ["README.md"]
        while let page = waiting.popLast() {
            for target in links[page] ?? [] where reached.insert(target).inserted { waiting.append(target) }
        }
        for page in links.keys { #expect(reached.contains(page), "nothing links to \(page)") }
    }

    @Test("decisions are numbered without a gap, and the index has each title")
    func decisionsAreIndexed() throws {
        let index = try Repository.text("docs/decisions/README.md")
        let files = Repository.files(in: "docs/decisions", suffix: ".md").map { ($0 as NSString).lastPathComponent }.filter { $0 != "README.md" }
        for (place, file) in files.enumerated() {
            let number = String(file.prefix(4))
            #expect(Int(number) == place + 1, "\(file) is out of order")
            let title = try Repository.text("docs/decisions/" + file).split(separator: "\n")[0]
            let named = title.dropFirst("# \(number) ".count)
            #expect(index.contains("- [\(number)](\(file)) \(named)\n"), "the index lacks \(file) with the title \"\(named)\"")
        }
    }
}
