import Configuration
import Glibc
import JSON
import Policy

enum Fixture {
    static let builtIn: [Catalog.Provider] = [
        .init(id: "openai"), .init(id: "anthropic"), .init(id: "groq"), .init(id: "ollama", needsCredential: false),
    ]

    static func read(_ text: String) -> (configuration: ServerConfiguration?, diagnostics: [Diagnostic]) {
        ConfigurationReader.read(Array(text.utf8), builtIn: builtIn)
    }

    static func lines(_ text: String) -> [String] {
        checkConfiguration(Array(text.utf8), builtIn: builtIn).map { $0.rendered(path: "f") }
    }

    static func configuration(_ text: String) throws -> ServerConfiguration {
        let read = read(text)
        guard let configuration = read.configuration else { throw Unexpected(text: read.diagnostics.rendered(path: "f")) }
        return configuration
    }

    struct Unexpected: Error { let text: String }

    /// The bytes of a file of the package.
    static func packageFile(_ path: String, from source: String = #filePath) throws -> [UInt8] {
        let root = source.split(separator: "/").dropLast(3).joined(separator: "/")
        guard let file = fopen("/\(root)/\(path)", "rb") else { throw Unexpected(text: "\(path) is missing") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
