import Bytes
import Testing

@testable import Ledger

/// Requests of AWS's own test suite: without a query, since none of ours has one.
/// - Source: "Signature Version 4 test suite", aws-sig-v4-test-suite
private struct SuiteCase: CustomTestStringConvertible {
    let testDescription: String
    let method: StaticString
    /// As it is sent: percent-encoded once less than it is signed.
    var path = "/"
    var fields: [(StaticString, String)] = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")]
    var body = ""
    let signature: String
}

@Suite("Signature Version 4")
struct AmazonSignerTests {
    private static func signer(token: String = "", region: String = "us-east-1", service: StaticString = "service", host: String = "example.amazonaws.com")
        -> AmazonSigner
    {
        AmazonSigner(
            accessKey: Array("AKIDEXAMPLE".utf8), secret: Array("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".utf8), sessionToken: Array(token.utf8),
            region: Array(region.utf8), service: service, host: Array(host.utf8))
    }

    private static func written(_ body: (inout ByteWriter) -> Void) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { room in
            guard let base = room.baseAddress else { return "" }
            var writer = ByteWriter(base, capacity: room.count)
            body(&writer)
            return writer.overflowed ? "overflowed" : String(writer.written)
        }
    }

    private static func withBytes<Result>(_ text: String, _ body: (ByteSlice) -> Result) -> Result { Array(text.utf8).withByteSlice(body) }

    private static let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

    private static let suite: [SuiteCase] = [
        SuiteCase(testDescription: "get-vanilla", method: "GET", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        SuiteCase(testDescription: "post-vanilla", method: "POST", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        SuiteCase(
            testDescription: "get-unreserved", method: "GET", path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        SuiteCase(testDescription: "get-utf8", method: "GET", path: "/\u{1234}", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        SuiteCase(
            testDescription: "get-header-key-duplicate", method: "GET",
            fields: [("host", "example.amazonaws.com"), ("my-header1", "value2,value2,value1"), ("x-amz-date", "20150830T123600Z")],
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        SuiteCase(
            testDescription: "post-x-www-form-urlencoded", method: "POST",
            fields: [("content-type", "application/x-www-form-urlencoded"), ("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            body: "Param1=value1", signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ]

    @Test("AWS's own vectors are signed as AWS signs them", arguments: suite)
    private func testSuite(vector: SuiteCase) {
        var request = AmazonSignerTests.withBytes(vector.path) { CanonicalRequest(method: vector.method, path: $0) }
        for (name, value) in vector.fields { AmazonSignerTests.withBytes(value) { request.add(name, $0) } }
        let names = vector.fields.map { "\($0.0)" }.joined(separator: ";")
        let payload = AmazonSignerTests.withBytes(vector.body) { SHA256.digest(of: $0) }
        let digest = AmazonSignerTests.withBytes(names) { request.finish(names: $0, payload: payload) }
        let line = AmazonSignerTests.written { writer in
            AmazonSignerTests.withBytes(names) { names in
                AmazonSignerTests.signer().writeAuthorization(digest, names: names, time: ByteSlice("20150830T123600Z"), to: &writer)
            }
        }
        #expect(
            line
                == "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=\(names), Signature=\(vector.signature)\r\n"
        )
    }

    /// - Source: botocore 1.44.8, `SigV4Auth`, given the same requests
    @Test("a request to Bedrock is signed as botocore signs it, its path encoded twice", arguments: [
        ("/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse", false, "84da57c892a5bddf6c84558eeb1271456c2233af8d804e0231116b814c64d4d5"),
        ("/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse", true, "0bb7e323b1a5ec3508e56d78c659d5b8662fe8486a512d477d8fd48746c48276"),
        (
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
            false, "dc242431c25e520a4d2bf0f6ab92119f650631168e705c1ea5e3e309a26d2cfa"
        ),
        (
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
            true, "a433959387da48d105e7e1e67acb0bcfde45c477176b787121f6c5a5e2706ee8"
        ),
    ])
    func bedrock(path: String, hasToken: Bool, signature: String) {
        let token = hasToken ? AmazonSignerTests.token : ""
        let signer = AmazonSignerTests.signer(token: token, service: "bedrock", host: "bedrock-runtime.us-east-1.amazonaws.com")
        // Twice: the second time with the key of the day at hand.
        for _ in 0..<2 {
            let lines = AmazonSignerTests.sign(signer, path)
            #expect(lines.contains("Signature=\(signature)\r\n"))
            #expect(lines.contains("\r\nx-amz-date: 20150830T123600Z\r\n"))
            #expect(lines.hasPrefix("x-amz-content-sha256: 331b626fbec967399a3c05643d22e56af43ee9839874a2db641bd025f84436d8\r\n"))
            #expect(lines.contains("x-amz-security-token: \(token)\r\n") == hasToken)
            #expect(lines.utf8.count <= signer.byteCount)
        }
    }

    private static func sign(_ signer: AmazonSigner, _ path: String, time: StaticString = "20150830T123600Z") -> String {
        written { writer in
            withBytes(path) { path in
                signer.sign(
                    method: "POST", path: path, contentType: ByteSlice("application/json"),
                    body: ByteSlice(#"{"messages":[{"role":"user","content":[{"text":"hello"}]}]}"#), time: ByteSlice(time), to: &writer)
            }
        }
    }

    /// - Source: botocore 1.43.11, `S3SigV4Auth`, given the same request
    @Test("an object's path is signed encoded once, and its fields of encryption with it")
    func storage() {
        let signer = AmazonSignerTests.signer(service: "s3", host: "s3.us-east-1.amazonaws.com")
        let body = ByteSlice("{\"a\":1}\n")
        var hash = PayloadHash()
        for index in 0..<body.count { hash.add(body[index..<index + 1]) }
        var request = AmazonRequest(method: "PUT", path: ByteSlice("/my-bucket/in/a%20b%2B%3A.jsonl"), payload: hash.finish())
        request.contentType = ByteSlice("application/x-ndjson")
        request.encryption = ByteSlice("aws:kms")
        request.encryptionKey = ByteSlice("arn:aws:kms:us-east-1:123456789012:key/k")
        let lines = AmazonSignerTests.written { signer.sign(request, time: ByteSlice("20150830T123600Z"), to: &$0) }
        #expect(lines.contains("\r\nx-amz-server-side-encryption: aws:kms\r\nx-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:us-east-1:123456789012:key/k\r\n"))
        #expect(lines.contains(
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id, "
                + "Signature=9c3480de460e6f989ccf1bf4e0bdbed696b12f9f6e53f265d56193deb5f2c737\r\n"))
        let read = AmazonSignerTests.written {
            signer.sign(
                AmazonRequest(method: "GET", path: ByteSlice("/my-bucket/in/a.jsonl"), payload: PayloadDigest(of: ByteSlice(""))),
                time: ByteSlice("20150830T123600Z"), to: &$0)
        }
        #expect(read.contains(
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=1405d7c99bbf395051aa387515f2d47d9b62673744b175a680cf8fae2a2063d8\r\n"))
    }

    /// - Source: botocore 1.43.11, `SigV4Auth`, given the same request
    @Test("a query is signed")
    func query() {
        let signer = AmazonSignerTests.signer(service: "bedrock", host: "bedrock.us-east-1.amazonaws.com")
        var request = AmazonRequest(method: "GET", path: ByteSlice("/model-invocation-jobs"), payload: PayloadDigest(of: ByteSlice("")))
        request.query = ByteSlice("maxResults=20&nextToken=a%2Fb%3D&sortOrder=Descending")
        let lines = AmazonSignerTests.written { signer.sign(request, time: ByteSlice("20150830T123600Z"), to: &$0) }
        #expect(lines.contains("Signature=a9101e836ff3f8ed05c59981865060575e03d1bdc4e24ce36cae8eaa8a70ec90\r\n"))
    }

    @Test("another day has another key, and the first day's comes back")
    func days() {
        let signer = AmazonSignerTests.signer(service: "bedrock")
        let first = AmazonSignerTests.sign(signer, "/x")
        let second = AmazonSignerTests.sign(signer, "/x", time: "20150831T000000Z")
        #expect(first != second)
        #expect(second == AmazonSignerTests.sign(AmazonSignerTests.signer(service: "bedrock"), "/x", time: "20150831T000000Z"))
        #expect(first == AmazonSignerTests.sign(signer, "/x"))
    }

    @Test("HMAC-SHA256 is RFC 4231's", arguments: [
        (String(repeating: "\u{0B}", count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        ("Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ])
    func authenticationCodes(key: String, data: String, expected: String) {
        var code = AmazonSignerTests.withBytes(key) { HMACSHA256(key: $0) }
        AmazonSignerTests.withBytes(data) { data in
            code.add(data.prefix(3))
            code.add(data.dropFirst(3))
        }
        let digest = code.finish()
        #expect(AmazonSignerTests.written { writer in digest.withSlice { writer.append(hexadecimalOf: $0) } } == expected)
    }

    @Test("a key longer than a block is hashed first (RFC 4231, case 6)")
    func longKey() {
        let key = [UInt8](repeating: 0xAA, count: 131)
        var code = key.withByteSlice { HMACSHA256(key: $0) }
        code.add("Test Using Larger Than Block-Size Key - Hash Key First")
        let digest = code.finish()
        #expect(
            AmazonSignerTests.written { writer in digest.withSlice { writer.append(hexadecimalOf: $0) } }
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }
}
