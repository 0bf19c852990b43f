import Foundation
import Testing

@Suite("Rooms of the gateway")
struct GatewayRoomsTests {
    @Test("the table of docs/architecture.md names every folder of Sources/Gateway, and no other")
    func rooms() throws {
        let page = try Repository.text("docs/architecture.md")
        let section = try #require(page.components(separatedBy: "## Rooms of the gateway\n").last?.components(separatedBy: "\n## ").first)
        let cells = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { $0.split(separator: "|").first }
        let named = cells.flatMap { $0.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) } }
        let folders = Repository.files(in: "Sources/Gateway", suffix: ".swift").compactMap { path -> String? in
            let parts = path.split(separator: "/")
            return parts.count > 3 ? String(parts[2]) : nil
        }
        #expect(named.count == Set(named).count)
        #expect(Set(named) == Set(folders))
    }
}
