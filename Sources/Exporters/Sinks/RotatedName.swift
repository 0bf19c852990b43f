import Bytes
import Glibc

/// The names of files that are written no more: `requests.jsonl` becomes `requests-20261126-231524-000.jsonl`, so that they sort by time.
struct RotatedName {
    private let folder: String
    private let stem: String
    /// With its full stop; empty for none.
    private let suffix: String

    /// Of those of one second.
    static let largestNumber = 999

    init(path: String) {
        let slash = path.lastIndex(of: "/")
        let file = slash.map { String(path[path.index(after: $0)...]) } ?? path
        folder = slash.map { String(path[...$0]) } ?? ""
        let dot = file.lastIndex(of: ".").flatMap { $0 == file.startIndex ? nil : $0 } ?? file.endIndex
        stem = String(file[..<dot])
        suffix = String(file[dot...])
    }

    var folderPath: String { folder.isEmpty ? "." : folder }

    func path(_ wallNanoseconds: UInt64, _ number: Int) -> String {
        let seconds = Int(clamping: wallNanoseconds / 1_000_000_000)
        let date = CivilDate(daysSince1970: seconds / 86_400)
        let time = seconds / 3600 % 24 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60
        let day = RotatedName.padded(date.year * 10_000 + date.month * 100 + date.day, 8)
        return "\(folder)\(stem)-\(day)-\(RotatedName.padded(time, 6))-\(RotatedName.padded(number, 3))\(suffix)"
    }

    /// Those that are there, the oldest first: names behind the last that was made are of a clock that was ahead, and are older than it.
    func rotated(until last: String) -> [String] {
        guard let directory = opendir(folderPath) else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) { String(cString: $0) }
            }
            if isOne(name) { found.append(folder + name) }
        }
        found.sort()
        return found.filter { $0 > last } + found.filter { $0 <= last }
    }

    /// Nobody else's file is removed: its name has to be one that was made here, digit for digit.
    private func isOne(_ name: String) -> Bool {
        guard name.hasPrefix(stem + "-"), name.hasSuffix(suffix), name.utf8.count == stem.utf8.count + suffix.utf8.count + 20 else { return false }
        let parts = name.dropFirst(stem.count + 1).dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 6, 3] && parts.allSatisfy { $0.utf8.allSatisfy { ASCII.isDigit($0) } }
    }

    private static func padded(_ number: Int, _ count: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
