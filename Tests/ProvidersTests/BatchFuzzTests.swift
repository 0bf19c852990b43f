import Bytes
import Testing

@testable import Providers

@Suite("Files and batches, fuzzed")
struct BatchFuzzTests {
    private static let seeds = [
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{}\r\n--b--",
        #"{"custom_id":"a\"b","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[]}}"#,
        #"{"custom_id":"a","url":"/v1/embeddings","body":{"model":"m","input":["x"],"dimensions":7}}"#,
        #"{"recordId":"r","modelInput":{},"modelOutput":{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}}"#,
        #"{"requestId":"r","status":"","response":{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}]}}"#,
        #"{"instance":{"content":"hi"},"requestId":"r","predictions":[{"embeddings":{"statistics":{"token_count":2},"values":[0.5,-0.25]}}],"status":""}"#,
        #"{"recordId":"r","error":{"errorCode":400,"errorMessage":"no \"x\""}}"#,
        #"{"jobArn":"arn:aws:bedrock:us-east-1:1:model-invocation-job/abc","modelId":"m","status":"Completed","submitTime":"2026-01-01T00:00:00Z","endTime":1767225600.5,"inputDataConfig":{"s3InputDataConfig":{"s3Uri":"s3://b/in/a.jsonl"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/out"}},"totalRecordCount":3,"message":"m\n"}"#,
        #"{"batchPredictionJobs":[{"name":"projects/1/batchPredictionJobs/7","model":"m-embedding","state":"JOB_STATE_SUCCEEDED","outputInfo":{"gcsOutputDirectory":"gs://b/o"},"completionStats":{"successfulCount":"2"},"error":{"message":"x"}}],"nextPageToken":"t"}"#,
        "<Error><Code>NoSuchKey</Code><Message>no &quot;k&quot; &amp;</Message></Error>", "/v1/files/s3%3A%2F%2Fb%2Fk/content", "/v1/batches/a%2Fb/output", "24h",
    ]

    @Test("no bytes make the readers trap, and what is written is JSON")
    func mutationsNeverTrap() {
        var generator = SeededGenerator("mutated files and batches")
        for round in 0..<4000 {
            var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(Array("{}[]\",:\\01/.-\r\n<>&;%".utf8).randomElement(using: &generator) ?? 0, at: at)
                default: bytes.replaceSubrange(at..<min(bytes.count, at + 8), with: Array("null".utf8))
                }
                if bytes.isEmpty { bytes = [0x30] }
            }
            bytes.withByteSlice { fuzzBatches($0) }
        }
    }

    @Test("every beginning and every end of what is well-formed is read or refused")
    func cutsNeverTrap() {
        for seed in Self.seeds {
            let bytes = Array(seed.utf8)
            for count in 0...bytes.count {
                Array(bytes.prefix(count)).withByteSlice { fuzzBatches($0) }
                Array(bytes.suffix(count)).withByteSlice { fuzzBatches($0) }
            }
        }
    }
}
