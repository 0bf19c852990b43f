import Bytes
import HTTP
import Providers
import Testing

@testable import Gateway

@Suite("Fields on their way to a provider")
struct FieldFateTests {
    private static let spellings = [
        "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "http2-settings", "content-type", "content-encoding", "accept-encoding", "accept", "cache-control",
        "authorization", "x-api-key", "api-key", "traceparent", "user-agent", "date", "x-portkey-api-key", "x-portkey-config", "x-portkey-provider",
        "x-portkey-virtual-key", "x-portkey-custom-host", "x-portkey-forward-headers", "x-portkey-request-timeout", "x-portkey-metadata",
        "x-portkey-trace-id", "x-portkey-strict-open-ai-compliance", "x-portkey-cache-force-refresh", "x-portkey-cache-namespace", "x-portkey-debug",
        "x-portkey-anything", "x-portkey-openai-beta", "x-portkey-anthropic-beta", "x-sluice-explain", "x-stainless-lang", "cookie", "origin", "via",
        "x-forwarded-for", "openai-beta", "anthropic-version", "x-amz-date", "x-anything",
    ]

    @Test("what is decided by a name's code is what is decided by its letters", arguments: spellings)
    func agrees(_ spelling: String) {
        Array(spelling.utf8).withByteSlice { name in
            let code = FieldName(token: name)
            for dialect in [Dialect.openAI, .anthropic, .gemini, .bedrock] {
                let fate = RequestField.fate(of: name, towards: dialect)
                if Destination.never.contains(code) { #expect(fate != .forwarded && fate != .onlyIfNamed, "\(spelling) to \(dialect)") }
                if Destination.always.contains(code) { #expect(fate == .forwarded, "\(spelling) to \(dialect)") }
            }
        }
    }

    @Test("the spellings above are all that are decided by their codes")
    func isComplete() {
        let codes = Set(FieldFateTests.spellings.map { Array($0.utf8).withByteSlice { FieldName(token: $0) } })
        for name in FieldName.allCases where Destination.never.contains(name) || Destination.always.contains(name) {
            #expect(codes.contains(name), "\(name)")
        }
        let told = FieldName.allCases.filter { Destination.neverSigned.contains($0) && !Destination.never.contains($0) }
        #expect(told == [.contentType, .contentEncoding])
        #expect(!FieldName.allCases.contains { Destination.never.contains($0) && Destination.always.contains($0) })
    }
}
