import Bytes
import HTTP
import Testing

@Suite("Field names and table")
struct FieldTableTests {
    static let spellings: [(String, FieldName)] = [
        ("Host", .host), ("Content-Length", .contentLength), ("Transfer-Encoding", .transferEncoding), ("Connection", .connection),
        ("Expect", .expect), ("Upgrade", .upgrade), ("Keep-Alive", .keepAlive), ("Proxy-Connection", .proxyConnection),
        ("Proxy-Authenticate", .proxyAuthenticate), ("Proxy-Authorization", .proxyAuthorization), ("TE", .te), ("Trailer", .trailer),
        ("HTTP2-Settings", .http2Settings), ("Content-Type", .contentType), ("Content-Encoding", .contentEncoding),
        ("Accept-Encoding", .acceptEncoding), ("Accept", .accept), ("Cache-Control", .cacheControl),
        ("X-Accel-Buffering", .xAccelBuffering), ("Authorization", .authorization), ("X-API-Key", .xAPIKey), ("api-key", .apiKey),
        ("Cookie", .cookie), ("anthropic-version", .anthropicVersion), ("anthropic-beta", .anthropicBeta),
        ("OpenAI-Organization", .openAIOrganization), ("OpenAI-Project", .openAIProject), ("OpenAI-Beta", .openAIBeta),
        ("traceparent", .traceparent), ("Baggage", .baggage), ("User-Agent", .userAgent), ("Date", .date), ("Server", .server), ("Retry-After", .retryAfter),
        ("Location", .location), ("Forwarded", .forwarded), ("X-Forwarded-For", .xForwardedFor), ("Via", .via),
        ("X-Forwarded-Host", .xForwardedHost), ("X-Forwarded-Proto", .xForwardedProto), ("X-Real-IP", .xRealIP), ("Sec-Fetch-Site", .secFetchSite),
        ("x-portkey-api-key", .portkeyAPIKey), ("x-portkey-config", .portkeyConfig), ("x-portkey-provider", .portkeyProvider),
        ("x-portkey-virtual-key", .portkeyVirtualKey), ("x-portkey-custom-host", .portkeyCustomHost),
        ("x-portkey-forward-headers", .portkeyForwardHeaders), ("x-portkey-request-timeout", .portkeyRequestTimeout),
        ("x-portkey-metadata", .portkeyMetadata), ("x-portkey-trace-id", .portkeyTraceID),
        ("x-portkey-strict-open-ai-compliance", .portkeyStrictOpenAICompliance),
        ("x-portkey-cache-force-refresh", .portkeyCacheForceRefresh), ("x-portkey-cache-namespace", .portkeyCacheNamespace),
        ("x-portkey-debug", .portkeyDebug), ("x-portkey-a", .otherPortkey), ("X-Sluice-A", .sluice), ("X-Stainless-A", .stainless),
        ("Origin", .origin), ("Access-Control-A", .accessControl),
    ]

    @Test("every known name is recognised in any case, and nothing one byte away from it is", arguments: spellings)
    func classifies(_ spelling: String, _ name: FieldName) {
        for text in [spelling, spelling.lowercased(), spelling.uppercased()] {
            #expect(Array(text.utf8).withByteSlice { FieldName(token: $0) } == name)
        }
        let bytes = Array(spelling.utf8)
        for index in bytes.indices {
            for byte in [UInt8(ascii: "#"), UInt8(ascii: "_"), UInt8(ascii: "0"), UInt8(ascii: "q")] where byte != bytes[index] | 0x20 {
                var changed = bytes
                changed[index] = byte
                let found = changed.withByteSlice { FieldName(token: $0) }
                let isFamily = name == .sluice || name == .stainless || FieldNameSet(.otherPortkey, .accessControl).contains(found)
                #expect(found == .other || isFamily, "\(String(decoding: changed, as: UTF8.self)) is \(found)")
            }
            let short = Array(bytes.prefix(index))
            let isFamily = FieldNameSet(.otherPortkey, .sluice, .stainless, .accessControl).contains(name)
            #expect(short.withByteSlice { FieldName(token: $0) } != name || isFamily)
        }
    }

    @Test("the spellings above are all there are, and fit a set")
    func isComplete() {
        #expect(Set(FieldTableTests.spellings.map(\.1)).union([.other]).count == FieldName.count)
        #expect(FieldName.allCases.count == FieldName.count && FieldName.count <= 64)
    }

    @Test("names that only start like a family belong to none", arguments: ["x-portkey-", "x-portkey", "x-sluice-", "x-sluice", "x-stainless-", "x-stainless", "y-portkey-a", "access-control-"])
    func endsOfFamilies(_ text: String) {
        let name = Array(text.utf8).withByteSlice { FieldName(token: $0) }
        #expect(name == .other)
    }

    @Test("fields are found by known name, by any name, and in the order of arrival")
    func finds() {
        withRequest("GET / HTTP/1.1\r\nX-One:\t 1 \r\nHost: a\r\nAccept: b\r\nx-one:\r\nACCEPT: c d\r\n\r\n") { head, bytes in
            #expect(head.fields.count == 5)
            #expect(head.fields.firstIndex(of: .accept) == 2)
            #expect(head.fields.nextIndex(of: .accept, after: 2) == 4)
            #expect(head.fields.nextIndex(of: .accept, after: 4) == nil)
            #expect(head.fields.firstIndex(of: .cookie) == nil)
            #expect(head.fields.value(of: .accept, in: bytes).map { String($0) } == "b")
            #expect(head.fields.firstIndex(named: ByteSlice("x-one"), in: bytes) == 0)
            #expect(head.fields.firstIndex(named: ByteSlice("x-two"), in: bytes) == nil)
            #expect(String(bytes[head.fields[0].valueRange]) == "1")
            #expect(String(bytes[head.fields[0].nameRange]) == "X-One")
            #expect(bytes[head.fields[3].valueRange].isEmpty)
            #expect(String(bytes[head.fields[4].range]) == "ACCEPT: c d\r\n")
        }
    }

    @Test("kept lines leave in runs, without hop-by-hop fields and those Connection names (RFC 9110 §7.6.1)")
    func keepsRuns() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nConnection: x-foo, close,content-length\r\nTE: trailers\r\nX-Foo: leak\r\n"
            + "Content-Length: 0\r\nC: 3\r\nConnection: , D\r\nd: leak\r\n\r\n"
        withRequest(text) { head, bytes in
            var runs: [String] = []
            head.fields.forEachKeptRun(dropping: .hopByHop.union(FieldNameSet(.host)), nominatedBy: head.connection, in: bytes) {
                runs.append(String($0))
            }
            #expect(runs == ["A: 1\r\nB: 2\r\n", "Content-Length: 0\r\nC: 3\r\n"])
        }
    }

    @Test("all that RFC 9110 §7.6.1 names is hop by hop, and end-to-end fields are not")
    func knowsHopByHop() {
        let hopByHop: Set<FieldName> = [
            .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer,
            .transferEncoding, .upgrade, .http2Settings,
        ]
        for name in FieldName.allCases { #expect(FieldNameSet.hopByHop.contains(name) == hopByHop.contains(name), "\(name)") }
    }
}

@Suite("Head writer")
struct HeadWriterTests {
    private func written(_ body: (inout ByteWriter) -> Void) -> String {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: 256)
        body(&writer)
        return String(writer.written)
    }

    @Test("a head that is written is a head that is read")
    func roundTrips() {
        let text = written {
            $0.append(requestLine: ByteSlice("POST"), target: ByteSlice("/x?y"))
            $0.append(field: "Host", "a")
            $0.append(field: "content-length", decimal: 12)
            $0.append(field: ByteSlice("k"), ByteSlice("v"))
            $0.appendEndOfHead()
        }
        #expect(text == "POST /x?y HTTP/1.1\r\nHost: a\r\ncontent-length: 12\r\nk: v\r\n\r\n")
        withRequest(text) { head, _ in #expect(head.framing == .length(12)) }
    }

    @Test("status lines have the phrase of RFC 9110, or none")
    func writesStatusLines() {
        #expect(written { $0.append(statusLine: 431) } == "HTTP/1.1 431 Request Header Fields Too Large\r\n")
        #expect(written { $0.append(statusLine: 599) } == "HTTP/1.1 599 \r\n")
    }

    @Test("chunks that are written are chunks that are read")
    func writesChunks() {
        let text = written {
            $0.append(chunkSize: 255)
            $0.append("\r\n")
            $0.appendLastChunk()
        }
        #expect(text == "ff\r\n\r\n0\r\n\r\n")
    }

    @Test("a value may hold no control byte but tab, and no blank at an end", arguments: [
        ("a b\tc\u{E9}", true), ("", true), ("a\rb", false), ("a\nb", false), ("\0", false), (" a", false), ("a\t", false), ("\u{7F}", false),
    ])
    func checksValues(_ text: String, _ isValue: Bool) {
        #expect((text.latin1 ?? []).withByteSlice { FieldSyntax.isFieldValue($0) } == isValue)
    }
}
