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

    @Test("no force is used in Sources: try!, as!, fatalError, unwrapping")
    func noForce() {
        // An exclamation mark after a value or a type, and not before an equals sign.
        let unwrap = #/[\w)\]>?]!(?!=)/#
        for file in Repository.sources {
            let found = faults(in: file.code) { line in
                line.contains("try!") || line.contains("as!") || line.contains("fatalError(") || line.contains("unsafelyUnwrapped")
                    || line.firstMatch(of: unwrap) != nil
            }
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
