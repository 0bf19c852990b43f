import Configuration
import Foundation

/// `docs/limits.md`, written from the code: the bounds a file can set, then the fixed ones of each module.
enum LimitsDocument {
    static let path = "docs/limits.md"

    static func text() throws -> String {
        var lines = [
            "# Limits", "",
            "Written from the code; after a change run `SLUICE_WRITE_DOCS=1 swift test --filter LimitsDocument`.", "",
            "## In the configuration file", "",
            "Durations take `ms`, `s`, `m`, `h`, `d`; sizes `B`, `KiB`, `MiB`, `GiB` and their decimal kin.", "",
            "| key | default | kind | for |", "|---|---|---|---|",
        ]
        lines += LimitRow.all.map { "| `\($0.name)` | \($0.defaultText) | \($0.unit) | \(escaped($0.reason)) |" }
        lines += ["", "## Fixed", "", "These are in the code, each in its module's `Limits.swift`; no configuration changes them."]
        let configured = try configuredNames()
        for file in Repository.files(in: "Sources", suffix: "Limits.swift") {
            let bounds = try FixedBounds(file).rows.filter { !configured.contains($0.name) }
            guard !bounds.isEmpty else { continue }
            lines += ["", "### \(heading(of: file))", "", "| bound | value | for |", "|---|---|---|"]
            lines += bounds.map { "| `\($0.name)` | \($0.value) | \(escaped($0.reason)) |" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What the executable sets from the configuration: those defaults are never used.
    static func configuredNames() throws -> Set<String> {
        let builder = try Repository.text("Sources/sluice/SnapshotBuilder.swift")
        return Set(builder.matches(of: #/limits\.(?:\w+\.)?(\w+) = /#).map { String($0.output.1) })
    }

    /// `Reactor`, or `Reactor: Resolver` for a file of its own.
    private static func heading(of path: String) -> String {
        let parts = path.split(separator: "/")
        let subject = parts[parts.count - 1].dropLast("Limits.swift".count)
        return subject.isEmpty ? "`\(parts[1])`" : "`\(parts[1])`, \(subject.lowercased())"
    }

    private static func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}

/// The constants of one `Limits.swift`, with the comment above each as its reason.
struct FixedBounds {
    struct Row {
        let name: String
        let value: String
        let reason: String
    }

    private(set) var rows: [Row] = []

    init(_ path: String) throws {
        var comment: [String] = []
        var isSameComment = false
        for line in try Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("///") {
                if isSameComment { comment = [] }
                isSameComment = false
                comment.append(line.dropFirst(3).trimmingCharacters(in: .whitespaces))
            } else if let (name, value) = FixedBounds.constant(in: line) {
                rows.append(Row(name: name, value: value, reason: comment.joined(separator: " ")))
                // The next constant may stand under the same comment.
                isSameComment = true
            } else {
                comment = []
                isSameComment = false
            }
        }
    }

    private static func constant(in line: String) -> (name: String, value: String)? {
        if let match = line.firstMatch(of: /^(?:public )?(?:static let|var) (\w+)(?:: \w+)? = (.+)$/) {
            let name = String(match.output.1)
            guard let value = number(String(match.output.2)) else { return nil }
            return (name, shown(value, name))
        }
        if let match = line.firstMatch(of: /^(?:public )?typealias (\w+) = Inline(Text|Array)<(\d+)/) {
            return (String(match.output.1), match.output.2 == "Text" ? "\(match.output.3) B" : String(match.output.3))
        }
        return nil
    }

    /// What an initial value comes to: literals, `<<`, `*`, and constants of other modules.
    private static func number(_ expression: String) -> Int64? {
        let plain = expression.replacing("_", with: "").trimmingCharacters(in: .whitespaces)
        if let value = Int64(plain) { return value }
        let sides = plain.components(separatedBy: "<<")
        if sides.count == 2, let value = number(sides[0]), let shift = number(sides[1]) { return value << shift }
        let factors = plain.components(separatedBy: "*")
        if factors.count > 1 {
            let values = factors.compactMap { number($0) }
            return values.count == factors.count ? values.reduce(1, *) : nil
        }
        if plain == "Int(Int32.max)" { return Int64(Int32.max) }
        guard let match = plain.wholeMatch(of: /(\w+Limits)\.(\w+)/) else { return nil }
        return constants["\(match.output.1).\(match.output.2)"]
    }

    /// By type and name, for constants that repeat another's.
    private static let constants: [String: Int64] = {
        var found: [String: Int64] = [:]
        for path in Repository.files(in: "Sources", suffix: "Limits.swift") {
            guard let text = try? Repository.text(path), let type = text.firstMatch(of: /(?:enum|struct) (\w+Limits)/) else { continue }
            for match in text.matches(of: /static let (\w+)(?:: \w+)? = ([0-9_ <*]+)\n/) {
                found["\(type.output.1).\(match.output.1)"] = number(String(match.output.2))
            }
        }
        return found
    }()

    /// With the unit that the name says.
    private static func shown(_ value: Int64, _ name: String) -> String {
        let name = name.lowercased()
        if name.hasSuffix("nanoseconds") { return scaled(value, [("h", 3_600_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000)], "ns") }
        if name.hasSuffix("milliseconds") { return scaled(value, [("h", 3_600_000), ("s", 1000)], "ms") }
        if name.contains("bytecount") || name.hasPrefix("bytes") { return scaled(value, [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)], "B") }
        return "\(value)"
    }

    private static func scaled(_ value: Int64, _ units: [(String, Int64)], _ smallest: String) -> String {
        for (suffix, factor) in units where value >= factor && value % factor == 0 { return "\(value / factor) \(suffix)" }
        return "\(value) \(smallest)"
    }
}
