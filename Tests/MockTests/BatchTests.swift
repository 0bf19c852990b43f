import Mock
import Testing

@Suite("Mock buckets and batches")
struct BatchTests {
    private static let signed = "authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=0\r\nx-amz-date: d\r\nx-amz-content-sha256: h\r\n"

    private func ask(_ client: TestClient, _ method: String, _ path: String, _ body: String = "", fields: String = "") -> TestClient.Answer {
        let length = method == "GET" || method == "HEAD" ? "" : "content-length: \(body.utf8.count)\r\n"
        client.send("\(method) \(path) HTTP/1.1\r\nhost: mock\r\n\(fields)\(length)\r\n\(body)")
        return client.answer()
    }

    @Test("an object is there from its PUT to its DELETE, whatever connection asks", arguments: ["/s3", "/gcs"])
    func objects(store: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(ask(client, "GET", "\(store)/b/k%20k").status == 404)
            #expect(ask(client, "PUT", "\(store)/b/k%20k", "hello").status == 200)
            let found = ask(try TestClient(server), "GET", "\(store)/b/k%20k")
            #expect(found.status == 200 && found.body == "hello" && found.field("content-type") == "application/octet-stream")
            #expect(found.field("last-modified") != nil)
            #expect(ask(client, "PUT", "\(store)/b/k%20k", "again").status == 200)
            #expect(ask(client, "GET", "\(store)/b/k%20k").body == "again")
            #expect(ask(client, "DELETE", "\(store)/b/k%20k").status == 204)
            let gone = ask(client, "GET", "\(store)/b/k%20k")
            #expect(gone.status == 404 && gone.body.contains("<Code>NoSuchKey</Code>"))
            #expect(ask(client, "POST", "\(store)/b/k", "x").status == 404)
        }
    }

    @Test("the strict store wants a signature for S3 that covers each of its fields, and a token for Cloud Storage")
    func strictStore() throws {
        var options = MockOptions()
        options.isStrict = true
        try withServer(options: options) { server in
            let client = try TestClient(server)
            #expect(ask(client, "PUT", "/s3/b/k", "x").status == 403)
            #expect(ask(client, "PUT", "/s3/b/k", "x", fields: Self.signed).status == 200)
            #expect(ask(client, "PUT", "/s3/b/k", "x", fields: Self.signed.replacing("/s3/", with: "/bedrock/")).status == 403)
            #expect(ask(client, "PUT", "/s3/b/k", "x", fields: Self.signed + "x-amz-acl: public-read\r\n").status == 403)
            #expect(ask(client, "PUT", "/s3/b/k", "x", fields: Self.signed.replacing("x-amz-date: d\r\n", with: "")).status == 403)
            #expect(ask(client, "PUT", "/gcs/b/k", "x").status == 401)
            #expect(ask(client, "PUT", "/gcs/b/k", "x", fields: "authorization: Bearer t\r\n").status == 200)
        }
    }

    @Test("a job of Bedrock's goes from state to state, and its answers are beside its input")
    func bedrock() throws {
        try withServer { server in
            let client = try TestClient(server)
            let rows = #"{"recordId":"a","modelInput":{"messages":[]}}"# + "\n" + #"{"recordId":"fail-b","modelInput":{}}"# + "\nnot json\n"
            #expect(ask(client, "PUT", "/s3/b/in/x.jsonl", rows).status == 200)
            let job = #"{"jobName":"n","roleArn":"r","modelId":"m","modelInvocationType":"Converse","inputDataConfig":{"s3InputDataConfig":{"s3Uri":"s3://b/in/x.jsonl"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/out"}}}"#
            let made = ask(client, "POST", "/model-invocation-job", job)
            #expect(made.body == #"{"jobArn":"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/mock00000001"}"#)
            #expect(ask(client, "GET", "/model-invocation-job/mock00000001").body.contains(#""status":"InProgress""#))
            let done = ask(client, "GET", "/model-invocation-job/arn%3Aaws%3Ajob%2Fmock00000001").body
            #expect(done.contains(#""status":"Completed""#) && done.contains(#""totalRecordCount":3,"successRecordCount":1,"errorRecordCount":2"#))
            let answers = ask(client, "GET", "/s3/b/out/mock00000001/x.jsonl.out").body
            #expect(answers.split(separator: "\n").count == 3 && answers.contains(#""modelOutput":{"output""#) && answers.contains("errorMessage"))
            #expect(ask(client, "GET", "/model-invocation-jobs").body.contains("mock00000001"))
            #expect(ask(client, "POST", "/model-invocation-job/mock00000001/stop").body == "{}")
            #expect(ask(client, "GET", "/model-invocation-job/mock00000001").body.contains(#""status":"Stopped""#))
            #expect(ask(client, "GET", "/model-invocation-job/none").status == 404)
            #expect(ask(client, "POST", "/model-invocation-job", "{}").status == 400)
        }
    }

    @Test("the strict mock holds jobs to their documents, and fails the rows that a model would refuse")
    func strictJobs() throws {
        var options = MockOptions()
        options.isStrict = true
        try withServer(options: options) { server in
            let client = try TestClient(server)
            let token = "authorization: Bearer t\r\n"
            let rows = #"{"requestId":"a","request":{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}}"# + "\n" + #"{"requestId":"b","request":{"contents":[],"made_up":1}}"# + "\n"
            #expect(ask(client, "PUT", "/gcs/b/x.jsonl", rows, fields: token).status == 200)
            let jobs = "/v1/projects/p/locations/r/batchPredictionJobs"
            let job = #"{"displayName":"n","model":"m","inputConfig":{"instancesFormat":"jsonl","gcsSource":{"uris":["gs://b/x.jsonl"]}},"outputConfig":{"predictionsFormat":"jsonl","gcsDestination":{"outputUriPrefix":"gs://b/"}}}"#
            #expect(ask(client, "POST", jobs, job).status == 401)
            #expect(ask(client, "POST", jobs, job.replacing("displayName", with: "name_of"), fields: token).status == 400)
            #expect(ask(client, "POST", jobs, job, fields: token).body.contains(#""state":"JOB_STATE_PENDING""#))
            _ = ask(client, "GET", jobs + "/100000000001", fields: token)
            let done = ask(client, "GET", jobs + "/100000000001", fields: token).body
            #expect(done.contains(#""completionStats":{"successfulCount":"1","failedCount":"1"}"#), "\(done)")
            #expect(ask(client, "POST", jobs + "/100000000001:cancel", fields: token).body == "{}")
        }
    }
}
