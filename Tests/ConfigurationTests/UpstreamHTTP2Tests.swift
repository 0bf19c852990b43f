import Configuration
import Testing

@Suite("HTTP/2 to upstreams in the file")
struct UpstreamHTTP2Tests {
    @Test("for all of them, and for one", arguments: [("true", DeclaredHTTP2.offered), ("false", .never), ("prior_knowledge", .priorKnowledge)])
    func values(text: String, use: DeclaredHTTP2) throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            upstream_http2: \(text)
            providers: {openai: {http2: \(text)}, groq: {allow_private: true}}
            """)
        #expect(configuration.upstreamHTTP2 == use)
        #expect(configuration.providers.map(\.http2) == [use, nil])
    }

    @Test("unless the file says otherwise it is spoken where upstreams do as well")
    func standard() throws {
        #expect(try Fixture.configuration("version: 1").upstreamHTTP2 == .offered)
    }

    @Test("anything else is a fault", arguments: ["1", "h2", "\"true\"", "[true]"])
    func faults(text: String) {
        let diagnostics = Fixture.read("version: 1\nupstream_http2: \(text)").diagnostics
        #expect(diagnostics.map(\.message) == ["\"upstream_http2\" must be true, false or prior_knowledge"])
    }
}
