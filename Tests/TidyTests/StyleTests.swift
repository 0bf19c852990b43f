import Foundation
import Testing

@Suite("Style")
struct StyleTests {
    /// Line and text of each line of `text` for which `isFault`.
    private func faults(in text: String, _ isFault: (Substring) -> Bool) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { isFault($0.element) }.map { "\($0.offset + 1): \($0.element.trimmingCharacters(in: .whitespaces))" }
    }

    private let swiftFiles = Repository.sources + Repository.others

    /// Whether a line of code takes what is not there for granted: an exclamation mark after a value or a type, and not
    /// before an equals sign, or a function that stops the process.
    private static func isForced(_ line: Substring) -> Bool {
        line.contains("fatalError(") || line.contains("unsafelyUnwrapped") || line.firstMatch(of: #/[\w)\]>?]!(?!=)/#) != nil
    }

    @Test("the rule sees what it forbids, outside comments and literals", arguments: [
        ("let a = b!", true), ("try! run()", true), ("x as! Int", true), ("let a: Int! = 1", true), ("f()!.g", true), ("a[0]!", true),
        ("fatalError(\"x\")", true), ("a != b", false), ("!a", false), ("if !b, !c() {", false), ("\"no!\"", false), ("// no!", false),
        (#""\(a == b ? "x!" : "y!")""#, false), ("#\"a!\"#", false), ("/* a! */ b", false), ("\"\"\"\nno!\n\"\"\"", false),
    ])
    func forceIsSeen(code: String, isForced: Bool) {
        let lines = SwiftFile.code(of: code).split(separator: "\n")
        #expect(lines.contains { Self.isForced($0) } == isForced)
    }

    @Test("no force is used in Sources: try!, as!, fatalError, unwrapping")
    func noForce() {
        for file in Repository.sources {
            let found = faults(in: file.code) { Self.isForced($0) }
            #expect(found.isEmpty, "\(file.path):\(found.joined(separator: "\n"))")
        }
    }

    @Test("no line has more than 160 columns, the contents of literals apart")
    func linesAreShort() {
        for file in swiftFiles {
            // A comment counts in full: what has no code left on its line is looked at as it stands.
            let code = file.code.split(separator: "\n", omittingEmptySubsequences: false)
            let text = file.text.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in text.enumerated() where line.count > 160 {
                let isComment = line.drop { $0 == " " }.hasPrefix("//")
                #expect(!isComment && code[number].count <= 160, "\(file.path):\(number + 1) has \(line.count) columns")
            }
        }
    }

    @Test("no file has more than 450 lines")
    func filesAreShort() {
        for file in swiftFiles {
            let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(count <= 451, "\(file.path) has \(count) lines")
        }
    }

    @Test("nothing is left to do in a comment")
    func nothingLeftToDo() {
        let marks = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:"]
        for file in swiftFiles {
            let found = faults(in: file.text) { line in marks.contains { line.contains($0) } }
            #expect(found.isEmpty, "\(file.path):\(found.joined(separator: "\n"))")
        }
    }

    @Test("no file names a path of somebody's machine")
    func noMachinePaths() throws {
        let path = #/(?:^|[\s"'(=:])/(?:home|root|Users|work|mnt)/\w/#
        let suffixes = [".swift", ".md", ".yaml", ".py", ".sh", ".c", ".h", "Makefile", "compare", "streams", "aborts", "drain", "run"]
        for file in Repository.files(in: "") where suffixes.contains(where: { file.hasSuffix($0) }) {
            let found = faults(in: try Repository.text(file)) { $0.firstMatch(of: path) != nil }
            #expect(found.isEmpty, "\(file):\(found.joined(separator: "\n"))")
        }
    }

    @Test("text ends with a line end, and no line ends with a blank")
    func noTrailingBlanks() throws {
        let pages = Repository.files(in: "", suffix: ".md")
        for file in swiftFiles.map(\.path) + pages + Repository.files(in: "config") {
            let text = try Repository.text(file)
            #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"), "\(file) does not end with one line end")
            #expect(faults(in: text) { $0.last == " " || $0.last == "\t" }.isEmpty, "\(file) has blanks at a line's end")
        }
    }
}
