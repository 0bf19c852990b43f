import Bytes
import HTTP
import Testing

@Suite("Chunked body")
struct ChunkedDecoderTests {
    private func trace(_ text: String, _ limits: HTTPLimits = HTTPLimits()) -> ChunkedTrace {
        let bytes = text.latin1 ?? Array(text.utf8)
        let whole = ChunkedTrace.decoded(bytes, cuts: [], limits: limits)
        for cut in 0...bytes.count {
            #expect(ChunkedTrace.decoded(bytes, cuts: [cut], limits: limits) == whole, "\(text.debugDescription) cut at \(cut)")
            let scanned = ChunkedTrace.scanned(bytes, cuts: [cut], limits: limits)
            #expect(scanned.fault == whole.fault && scanned.end == whole.end, "\(text.debugDescription) scanned, cut at \(cut)")
        }
        let single = Array(0..<bytes.count)
        #expect(ChunkedTrace.decoded(bytes, cuts: single, limits: limits) == whole, "\(text.debugDescription) byte by byte")
        return whole
    }

    @Test("payload is what stands in the chunks, and the body ends before what follows it")
    func decodes() {
        let whole = trace("3\r\nabc\r\n00A;x;y=z;q=\"a;\\\"\\\\\"\r\n0123456789\r\n000\r\nX-Sum: 1\r\nY:\r\n\r\nGET /")
        #expect(whole.payload == Array("abc0123456789".utf8))
        #expect(whole.end == 63)
        #expect(trace("0\r\n\r\n").end == 5)
        #expect(trace("3\r\nab").payload == Array("ab".utf8))
    }

    @Test("a faulty body is refused by the byte that shows it", arguments: [
        ("\r", HTTPError.invalidChunkSize(at: 0)), ("g", .invalidChunkSize(at: 0)), ("-", .invalidChunkSize(at: 0)),
        (" ", .invalidChunkSize(at: 0)), ("1 ", .invalidChunkSize(at: 1)), ("0x", .invalidChunkSize(at: 1)), (";", .invalidChunkSize(at: 0)),
        ("1\n", .bareLineFeed(at: 1)), ("1\r\r", .bareCarriageReturn(at: 1)), ("1\r\nab", .unterminatedChunk(at: 4)),
        ("1\r\na\n", .unterminatedChunk(at: 4)), ("1\r\na\rb", .unterminatedChunk(at: 5)),
        ("8000000000000000", .chunkSizeOverflow(at: 15)), ("00000000000000001", .chunkSizeOverflow(at: 16)),
        ("1;\r", .invalidChunkExtension(at: 2)), ("1; ", .invalidChunkExtension(at: 2)), ("1;a=\r", .invalidChunkExtension(at: 4)),
        ("1;a ", .invalidChunkExtension(at: 3)), ("1;a=\"b\r", .invalidChunkExtension(at: 6)), ("1;a=\"b\"c", .invalidChunkExtension(at: 7)),
        ("1;a\n", .bareLineFeed(at: 3)), ("1;\0", .controlByte(0, at: 2)),
        ("0\r\n ", .foldedLine(at: 3)), ("0\r\nA ", .invalidFieldName(at: 4)), ("0\r\n:", .invalidFieldName(at: 3)),
        ("0\r\nA\r", .invalidFieldName(at: 4)), ("0\r\nA: \n", .bareLineFeed(at: 6)), ("0\r\nA: b\rc", .bareCarriageReturn(at: 7)),
        ("0\r\n\n", .bareLineFeed(at: 3)), ("0\r\n\rx", .bareCarriageReturn(at: 3)),
    ])
    func refuses(_ text: String, _ fault: HTTPError) {
        #expect(trace(text).fault == fault)
        #expect(trace(String(text.unicodeScalars.dropLast())).fault == nil)
    }

    @Test("the largest size is 2⁶³ − 1, and its payload passes uncounted")
    func takesLargeSizes() {
        #expect(trace("7fffffffffffffff\r\nab").payload == Array("ab".utf8))
        #expect(trace("0000000000000001\r\na\r\n").fault == nil)
    }

    @Test("fields that could change what the message is are refused in trailers", arguments: [
        ("Content-Length", FieldName.contentLength), ("transfer-encoding", .transferEncoding), ("HOST", .host),
        ("Authorization", .authorization), ("Connection", .connection), ("x-api-key", .xAPIKey), ("Cookie", .cookie),
        ("x-portkey-config", .portkeyConfig), ("x-portkey-some-name-longer-than-anything-known-here", .otherPortkey),
        ("x-sluice-a", .sluice), ("te", .te),
    ])
    func refusesTrailers(_ name: String, _ known: FieldName) {
        #expect(trace("0\r\nA: b\r\n\(name): x\r\n\r\n").fault == .forbiddenTrailer(known, at: 9))
    }

    @Test("extensions, trailers and their fields are bounded over the whole body")
    func bounds() {
        var limits = HTTPLimits()
        limits.chunkExtensionByteCount = 8
        limits.trailerByteCount = 12
        limits.fieldCount = 2
        // `abc` and the CR, twice: eight bytes after the semicolons.
        #expect(trace("1;abc\r\na\r\n1;abc\r\na\r\n0\r\n\r\n", limits).fault == nil)
        #expect(trace("1;abc\r\na\r\n1;abcd\r\na\r\n", limits).fault == .chunkExtensionsTooLong(limit: 8))
        #expect(trace("0\r\nABC: 1234\r\n\r\n", limits).fault == .trailersTooLong(limit: 12))
        #expect(trace("0\r\nABC: 123\r\n\r\n", limits).fault == nil)
        #expect(trace("0\r\nA:\r\nB:\r\nC", limits).fault == .tooManyFields(limit: 2))
    }
}
