import Foundation
import Testing

@Suite("LimitsDocument")
struct LimitsDocumentTests {
    @Test("docs/limits.md is what the code says")
    func documentIsCurrent() throws {
        let text = try LimitsDocument.text()
        if ProcessInfo.processInfo.environment["SLUICE_WRITE_DOCS"] != nil {
            try text.write(to: Repository.root.appending(path: LimitsDocument.path), atomically: true, encoding: .utf8)
        }
        #expect(try Repository.text(LimitsDocument.path) == text, "run SLUICE_WRITE_DOCS=1 swift test --filter LimitsDocument")
    }

    @Test("every bound has a reason")
    func everyBoundHasAReason() throws {
        let configured = try LimitsDocument.configuredNames()
        for file in Repository.files(in: "Sources", suffix: "Limits.swift") {
            for row in try FixedBounds(file).rows where !configured.contains(row.name) { #expect(!row.reason.isEmpty, "\(file): \(row.name)") }
        }
    }

    @Test("every bound is read by something")
    func everyBoundIsRead() throws {
        let sources = Repository.sources
        for file in Repository.files(in: "Sources", suffix: "Limits.swift") {
            let others = sources.filter { $0.path != file }
            let own = try SwiftFile(file).code
            for row in try FixedBounds(file).rows {
                let isRead = others.contains { $0.words.contains(row.name[...]) } || own.ranges(of: row.name).count > 1
                #expect(isRead, "\(file): nothing reads \(row.name)")
            }
        }
    }
}
