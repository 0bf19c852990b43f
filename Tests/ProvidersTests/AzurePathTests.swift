import Bytes
import Testing

@testable import Providers

@Suite("Azure paths")
struct AzurePathTests {
    private func path(_ target: String, _ endpoint: Endpoint = .chatCompletions, deployment: String = "turbo-16k", version: String = "2023-03-15-preview") -> String? {
        let parts = [target, "/openai", deployment, version].map { Array($0.utf8) }
        var room = [UInt8](repeating: 0, count: 512)
        return room.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var writer = ByteWriter(base, capacity: buffer.count)
            let isWritten = parts[0].withByteSlice { target in
                parts[1].withByteSlice { prefix in
                    parts[2].withByteSlice { name in
                        parts[3].withByteSlice { version in
                            AzurePath.write(target: target, endpoint: endpoint, base: prefix, deployment: name, version: version, into: &writer)
                        }
                    }
                }
            }
            return isWritten ? String(writer.written) : nil
        }
    }

    @Test("a deployment's requests go below it, with the version asked for (the wire reference §12 case 31)")
    func deployments() {
        #expect(path("/v1/chat/completions") == "/openai/deployments/turbo-16k/chat/completions?api-version=2023-03-15-preview")
        #expect(path("/v1/embeddings", .embeddings, version: "") == "/openai/deployments/turbo-16k/embeddings?api-version=2024-10-21")
        #expect(path("/v1/responses", .responses) == "/openai/responses?api-version=2023-03-15-preview")
    }

    @Test("version one has no deployments in its paths")
    func versionOne() { #expect(path("/v1/chat/completions?a=b", version: "v1") == "/openai/v1/chat/completions?a=b") }

    @Test("a client's own query stays, and a version it names stands")
    func queries() {
        #expect(path("/v1/files?limit=3", .files) == "/openai/files?api-version=2023-03-15-preview&limit=3")
        #expect(path("/v1/files?", .files) == "/openai/files?api-version=2023-03-15-preview")
        #expect(path("/v1/files?api-version=x", .files) == "/openai/files?api-version=x")
    }

    @Test("no name of a deployment leads to another path", arguments: [("a/../b", "a%2F..%2Fb"), ("a?b#c", "a%3Fb%23c"), ("gpt-4.1", "gpt-4.1"), ("é", "%C3%A9")])
    func names(name: String, written: String) {
        let found = path("/v1/chat/completions", deployment: name, version: "2024-10-21") ?? ""
        #expect(found.hasPrefix("/openai/deployments/") && found.hasSuffix("/chat/completions?api-version=2024-10-21"))
        let segment = found.dropFirst("/openai/deployments/".count).dropLast("/chat/completions?api-version=2024-10-21".count)
        #expect(segment == written)
    }

    @Test("without a deployment there is no path")
    func noDeployment() { for name in ["", ".", ".."] { #expect(path("/v1/chat/completions", deployment: name) == nil) } }

    @Test("stream options are for versions that know them", arguments: [("2024-09-01-preview", true), ("2024-10-21", true), ("2024-08-01-preview", false), ("2023-05-15", false), ("v1", true), ("", true), ("preview", true)])
    func streamOptions(version: String, takes: Bool) {
        #expect(Array(version.utf8).withByteSlice { AzurePath.takesStreamOptions($0) } == takes)
    }
}
