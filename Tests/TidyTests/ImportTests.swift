import Foundation
import Testing

/// A row of the module table, or a target of the manifest.
private struct Module {
    let name: String
    var imports: Set<String>
    var outside: Set<String> = []
}

@Suite("Imports")
struct ImportTests {
    private func documented() throws -> [Module] {
        Markdown.rows(below: "Modules", of: try Repository.text("docs/architecture.md")).map { row in
            Module(name: Markdown.unquoted(row[0]), imports: Markdown.list(row[2]), outside: Markdown.list(row[3]))
        }
    }

    /// The targets below `Sources`, in the manifest's order, with what they depend on inside the package.
    private func declared() throws -> [Module] {
        let manifest = SwiftManifest(try Repository.text("Package.swift"))
        return manifest.targets.filter { $0.kind != "testTarget" && Repository.exists("Sources/\($0.name)") }
            .map { Module(name: $0.name, imports: $0.dependencies) }
    }

    private func imported(by file: SwiftFile) -> Set<String> {
        let statement = #/(?:@\w+ )?(?:(?:public|package|internal|private|fileprivate) )?import (?:(?:struct|class|enum|func) )?(\w+).*/#
        let lines = file.code.split(separator: "\n").filter { $0.contains("import ") }
        return Set(lines.compactMap { $0.wholeMatch(of: statement).map { String($0.output.1) } })
    }

    @Test("the module table of the architecture page is the manifest, in its order")
    func tableIsTheManifest() throws {
        let (documented, declared) = (try documented(), try declared())
        #expect(documented.map(\.name) == declared.map(\.name))
        for (row, target) in zip(documented, declared) where row.name == target.name {
            #expect(row.imports == target.imports, "\(row.name): the page says \(row.imports.sorted()), the manifest \(target.imports.sorted())")
        }
    }

    @Test("a module imports only from rows above its own")
    func importsPointUp() throws {
        var above: Set<String> = []
        for module in try documented() {
            #expect(module.imports.isSubset(of: above), "\(module.name) imports \(module.imports.subtracting(above).sorted()) from below")
            above.insert(module.name)
        }
    }

    @Test("modules that the thread sanitizer is spared share nothing between threads")
    func sparedModules() throws {
        let list = try #require(try Repository.text("Tests/run").firstMatch(of: #/"thread": \[(.+)\]/#)).output.1
        let spared = Set(list.split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \"")) })
        #expect(spared.count > 3)
        let modules = try documented()
        for module in modules where spared.contains(module.name) { #expect(!module.outside.contains("Synchronization"), "\(module.name)") }
        #expect(spared.subtracting(modules.map(\.name)).isSubset(of: ["Tidy", "Benchmarks"]))
    }

    @Test("every import is in the module's row, and every entry of the row is imported")
    func importsAreTheRows() throws {
        let sources = Dictionary(grouping: Repository.sources, by: \.module)
        for module in try documented() {
            let allowed = module.imports.union(module.outside)
            var seen: Set<String> = []
            for file in sources[module.name] ?? [] {
                let imports = imported(by: file)
                seen.formUnion(imports)
                #expect(imports.isSubset(of: allowed), "\(file.path) imports \(imports.subtracting(allowed).sorted())")
            }
            guard !seen.isEmpty else { continue }
            #expect(allowed == seen, "\(module.name) names \(allowed.subtracting(seen).sorted()), which nothing in it imports")
        }
    }

    @Test("Foundation is imported by the executable, the store and analytics alone")
    func noFoundationOnTheDataPlane() {
        for file in Repository.sources where !["sluice", "Store", "Analytics"].contains(file.module) {
            let foundation = imported(by: file).filter { $0.hasPrefix("Foundation") }
            #expect(foundation.isEmpty, "\(file.path) imports \(foundation.sorted())")
        }
    }
}

/// The targets of `Package.swift`, read from its text: the package manager cannot be asked while it runs the tests.
struct SwiftManifest {
    struct Target {
        let kind: String
        let name: String
        /// Targets of this package; products of others left out.
        let dependencies: Set<String>
    }

    private(set) var targets: [Target] = []

    init(_ text: String) {
        let starts = text.matches(of: /\.(target|executableTarget|testTarget|systemLibrary)\(\s*name: "(\w+)"/)
        for (index, match) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1].range.lowerBound : text.endIndex
            let body = text[match.range.upperBound..<end].replacing(/\.product\([^)]*\)/, with: "")
            let list = body.firstMatch(of: /dependencies: \[([^\]]*)\]/).map { String($0.output.1) } ?? ""
            let names = list.matches(of: /"(\w+)"/).map { String($0.output.1) }
            targets.append(Target(kind: String(match.output.1), name: String(match.output.2), dependencies: Set(names)))
        }
    }
}
