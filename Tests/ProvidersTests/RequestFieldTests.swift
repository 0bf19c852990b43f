import Bytes
import Testing

@testable import Providers

@Suite("Request fields")
struct RequestFieldTests {
    private func fate(_ name: String, _ dialect: Dialect = .openAI) -> RequestField {
        withBytes(name) { RequestField.fate(of: $0, towards: dialect) }
    }

    @Test("what is about the hop or the gateway is never sent, named or not", arguments: [
        "Host", "content-length", "Transfer-Encoding", "connection", "Keep-Alive", "proxy-connection", "TE", "trailer", "upgrade",
        "Expect", "Proxy-Authorization", "x-portkey-api-key", "X-Portkey-Config", "x-portkey-anything-at-all", "x-sluice-test",
    ])
    func hopFieldsStay(name: String) {
        #expect(fate(name) == .never)
        #expect(fate(name, .anthropic) == .never)
    }

    @Test("credentials are told apart", arguments: ["Authorization", "x-api-key", "api-key", "X-Goog-Api-Key"])
    func credentials(name: String) {
        #expect(fate(name) == .credential)
    }

    @Test("what tells of the user's browser or network is sent only when named", arguments: [
        "cookie", "Origin", "referer", "forwarded", "X-Forwarded-For", "via", "x-real-ip", "Sec-Fetch-Mode",
    ])
    func privateFields(name: String) {
        #expect(fate(name) == .onlyIfNamed)
    }

    @Test("everything else goes as it came", arguments: [
        "content-type", "accept", "user-agent", "X-Stainless-Lang", "http-referer", "X-Title", "traceparent", "idempotency-key", "x",
    ])
    func othersAreForwarded(name: String) {
        #expect(fate(name) == .forwarded)
    }

    @Test("a provider's own fields go to its dialect only, under either spelling")
    func providerFields() {
        #expect(fate("OpenAI-Organization") == .forwarded)
        #expect(fate("openai-beta", .anthropic) == .onlyIfNamed)
        #expect(fate("anthropic-beta", .anthropic) == .forwarded)
        #expect(fate("anthropic-version", .openAI) == .onlyIfNamed)
        #expect(fate("x-portkey-openai-project") == .renamed("openai-project"))
        #expect(fate("x-portkey-openai-project", .anthropic) == .never)
        #expect(fate("X-Portkey-Anthropic-Beta", .anthropic) == .renamed("anthropic-beta"))
        #expect(fate("Accept-Encoding") == .ours)
    }

    @Test("the answer is asked for uncoded, and Anthropic gets a version when the client sent none")
    func defaults() {
        #expect(
            written { RequestField.writeDefaults(towards: .openAI, sentAnthropicVersion: false, into: &$0) }
                == "accept-encoding: identity\r\n")
        #expect(
            written { RequestField.writeDefaults(towards: .anthropic, sentAnthropicVersion: false, into: &$0) }
                == "accept-encoding: identity\r\nanthropic-version: 2023-06-01\r\n")
        #expect(
            written { RequestField.writeDefaults(towards: .anthropic, sentAnthropicVersion: true, into: &$0) }
                == "accept-encoding: identity\r\n")
    }
}

@Suite("Credential field")
struct AuthStyleTests {
    @Test("each style writes its own field", arguments: [
        (AuthStyle.bearer, "authorization: Bearer sk-1\r\n"), (.xAPIKey, "x-api-key: sk-1\r\n"), (.apiKey, "api-key: sk-1\r\n"), (.none, ""),
    ])
    func stylesWriteTheirField(style: AuthStyle, line: String) throws {
        #expect(try written { try style.writeField(credential: ByteSlice("sk-1"), into: &$0) } == line)
    }

    @Test("a credential that could end its line is refused, and nothing of it is written", arguments: [
        ("", CredentialError.empty), ("a\rb", .controlByte(offset: 1)), ("a\nb: c", .controlByte(offset: 1)), ("\0", .controlByte(offset: 0)),
        ("a\tb", .controlByte(offset: 1)), ("a\u{7F}", .controlByte(offset: 1)), (" a", .blankAtEnd(offset: 0)), ("a ", .blankAtEnd(offset: 1)),
        (String(repeating: "k", count: 8193), .tooLong(byteCount: 8193)),
    ])
    func unsafeCredentialsAreRefused(credential: String, error: CredentialError) {
        var thrown: (any Error)?
        let text = written { writer in
            withBytes(credential) { bytes in
                do { try AuthStyle.bearer.writeField(credential: bytes, into: &writer) } catch { thrown = error }
            }
        }
        #expect(text == "")
        #expect(thrown as? CredentialError == error)
    }
}
