import Testing

@testable import Policy

@Suite("Buckets and keys")
struct BucketNameTests {
    @Test("a bucket's name is one of S3's or Cloud Storage's, and no part of another host or path", arguments: [
        ("my-bucket", true), ("a.b_c-1", true), ("abc", true), ("ab", false), ("", false), ("My-bucket", false), ("a/b", false), ("a..b", false), (".ab", false),
        ("ab.", false), ("ab-", false), ("a%2Fb", false), ("a b", false), ("a\r\nb", false), ("a@b.example", false), ("a#b", false), ("a:80", false),
        (String(repeating: "a", count: PolicyLimits.bucketByteCount), true), (String(repeating: "a", count: PolicyLimits.bucketByteCount + 1), false),
    ])
    func buckets(name: String, isOne: Bool) {
        #expect(BucketName.isBucket(name.utf8) == isOne)
    }

    @Test("a key has no segment that leads elsewhere, and no control", arguments: [
        ("a.jsonl", true), ("in/put a+b?.jsonl", true), ("é/..x", true), ("...", true), ("", false), ("/a", false), ("a/", false), ("a//b", false), (".", false), ("..", false),
        ("a/../b", false), ("a/.", false), ("a\\b", false), ("a\nb", false), ("a\u{7F}", false), ("in/*.jsonl", false),
        (String(repeating: "k", count: PolicyLimits.objectKeyByteCount), true), (String(repeating: "k", count: PolicyLimits.objectKeyByteCount + 1), false),
    ])
    func keys(key: String, isOne: Bool) {
        #expect(BucketName.isKey(key.utf8) == isOne)
    }

    @Test("a config says where files are kept, in either cloud's words", arguments: ConfigOrigin.both)
    func options(origin: ConfigOrigin) throws {
        let amazon = try Fixture.program(
            #"{"provider":"openai","aws_s3_bucket":"b-1","aws_s3_object_key":"k","aws_bedrock_model":"m","aws_server_side_encryption":"AES256","aws_server_side_encryption_kms_key_id":"arn"}"#,
            origin: origin)
        let storage = amazon.targets[0].options.storage
        #expect([storage.bucket, storage.key, storage.model, storage.encryption, storage.encryptionKey].map { amazon.text($0) } == ["b-1", "k", "m", "AES256", "arn"])
        let google = try Fixture.program(#"{"provider":"openai","vertex_storage_bucket_name":"b_1","vertex_model_name":"m","filename":"f"}"#, origin: origin)
        let other = google.targets[0].options.storage
        #expect([other.bucket, other.key, other.model].map { google.text($0) } == ["b_1", "f", "m"])
    }

    @Test("what could lead elsewhere is a fault of the config", arguments: [
        (#""aws_s3_bucket":"../x""#, "\"aws_s3_bucket\" is 3 to 222 small letters, digits, \".\", \"-\" and \"_\""),
        (#""vertex_storage_bucket_name":"a/b""#, "\"vertex_storage_bucket_name\" is 3 to 222 small letters, digits, \".\", \"-\" and \"_\""),
        (#""aws_s3_object_key":"a/../b""#, "\"aws_s3_object_key\" is up to 1024 bytes without empty segments, \".\" and \"..\""),
        (#""filename":"/a""#, "\"filename\" is up to 1024 bytes without empty segments, \".\" and \"..\""),
        (#""aws_server_side_encryption":"rot13""#, "unknown \"aws_server_side_encryption\" \"rot13\""),
        (#""aws_s3_bucket":"abc","vertex_storage_bucket_name":"abc""#, "a target keeps its files in one bucket"),
    ])
    func faults(members: String, message: String) {
        #expect(Fixture.compile(#"{"provider":"openai",\#(members)}"#, origin: .file).diagnostics.map(\.message) == [message])
    }
}
