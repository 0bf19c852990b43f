import Foundation

/// The repository these tests stand in, as files and their text.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let skipped: Set<String> = [".build", ".git", ".venv", ".swiftpm", "__pycache__", "results", "sluice-data"]

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root.appending(path: path).path) }

    static func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

    /// Paths of the files below `folder`, relative to the root, in order.
    static func files(in folder: String, suffix: String = "") -> [String] {
        let base = folder.isEmpty ? root : root.appending(path: folder)
        guard let found = FileManager.default.enumerator(atPath: base.path) else { return [] }
        var paths: [String] = []
        while let path = found.nextObject() as? String {
            if skipped.contains((path as NSString).lastPathComponent) {
                found.skipDescendants()
                continue
            }
            let whole = folder.isEmpty ? path : "\(folder)/\(path)"
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root.appending(path: whole).path, isDirectory: &isFolder)
            if !isFolder.boolValue, path.hasSuffix(suffix) { paths.append(whole) }
        }
        return paths.sorted()
    }

    /// The Swift files of the product, and those of its tests and benchmarks.
    static let sources = swiftFiles(in: ["Sources"])
    static let others = swiftFiles(in: ["Tests", "Benchmarks", "Fuzz"])

    private static func swiftFiles(in folders: [String]) -> [SwiftFile] {
        folders.flatMap { files(in: $0, suffix: ".swift") }.compactMap { try? SwiftFile($0) }
    }
}

/// A Swift file's text, and the same without comments and without what stands inside string literals.
struct SwiftFile {
    let path: String
    let text: String
    let code: String
    let words: Set<Substring>

    init(_ path: String) throws {
        self.path = path
        text = try Repository.text(path)
        let code = SwiftFile.code(of: text)
        self.code = code
        words = Set(code.split { !($0.isLetter || $0.isNumber || $0 == "_") })
    }

    /// The folder below `Sources`.
    var module: String { path.split(separator: "/").dropFirst().first.map { String($0) } ?? "" }

    /// Blanks comments and literals' contents; line ends stay, so that lines can be counted.
    ///
    /// Literals nested in an interpolation are dropped with it.
    static func code(of text: String) -> String {
        let input = Array(text.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(input.count)
        var at = 0
        func skip(to end: Int) {
            while at < min(end, input.count) {
                if input[at] == UInt8(ascii: "\n") { output.append(input[at]) }
                at += 1
            }
        }
        while at < input.count {
            switch (input[at], at + 1 < input.count ? input[at + 1] : 0) {
            case (UInt8(ascii: "/"), UInt8(ascii: "/")):
                skip(to: input[at...].firstIndex(of: UInt8(ascii: "\n")) ?? input.count)
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                skip(to: end(of: "*/", input, from: at + 2))
            case (UInt8(ascii: "\""), _), (UInt8(ascii: "#"), UInt8(ascii: "\"")):
                output.append(UInt8(ascii: "\""))
                skip(to: literalEnd(input, at))
                output.append(UInt8(ascii: "\""))
            default:
                output.append(input[at])
                at += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The place after the next `mark`.
    private static func end(of mark: StaticString, _ input: [UInt8], from start: Int) -> Int {
        var at = start
        while at < input.count, !has(mark, input, at) { at += 1 }
        return at + mark.utf8CodeUnitCount
    }

    private static func has(_ mark: StaticString, _ input: [UInt8], _ at: Int) -> Bool {
        guard at + mark.utf8CodeUnitCount <= input.count else { return false }
        for index in 0..<mark.utf8CodeUnitCount where input[at + index] != mark.utf8Start[index] { return false }
        return true
    }

    private static func literalEnd(_ input: [UInt8], _ start: Int) -> Int {
        if input[start] == UInt8(ascii: "#") {
            return has("\"\"\"", input, start + 1) ? end(of: "\"\"\"#", input, from: start + 4) : end(of: "\"#", input, from: start + 2)
        }
        let fence: StaticString = has("\"\"\"", input, start) ? "\"\"\"" : "\""
        var at = start + fence.utf8CodeUnitCount
        while at < input.count, !has(fence, input, at) {
            if input[at] == UInt8(ascii: "\\") {
                at = has("\\(", input, at) ? interpolationEnd(input, at + 1) : at + 2
            } else {
                at += 1
            }
        }
        return at + fence.utf8CodeUnitCount
    }

    /// The place after the `)` that closes the `(` at `start`.
    private static func interpolationEnd(_ input: [UInt8], _ start: Int) -> Int {
        var depth = 0
        var at = start
        while at < input.count {
            if input[at] == UInt8(ascii: "(") { depth += 1 }
            if input[at] == UInt8(ascii: ")") { depth -= 1 }
            at += 1
            if depth == 0 { break }
        }
        return at
    }
}

/// Reads the tables of a Markdown page.
enum Markdown {
    /// The cells of the rows of each table below `heading`, header and rule left out.
    static func rows(below heading: String, of text: String) -> [[String]] {
        var rows: [[String]] = []
        var isBelow = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") { isBelow = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces) == heading }
            guard isBelow, line.hasPrefix("|") else { continue }
            rows.append(line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            })
        }
        // A rule follows each header.
        let rules = rows.indices.filter { rows[$0].allSatisfy { cell in !cell.isEmpty && cell.allSatisfy { "-: ".contains($0) } } }
        let dropped = Set(rules + rules.map { $0 - 1 })
        return rows.indices.filter { !dropped.contains($0) }.map { rows[$0] }
    }

    /// The text between backquotes; the cell itself when there are none.
    static func unquoted(_ cell: String) -> String { cell.trimmingCharacters(in: CharacterSet(charactersIn: "`")) }

    /// The entries of a cell that lists names: `A, B`; `–` for none.
    static func list(_ cell: String) -> Set<String> {
        cell == "–" ? [] : Set(cell.split(separator: ",").map { unquoted($0.trimmingCharacters(in: .whitespaces)) })
    }
}
