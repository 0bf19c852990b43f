import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Files and batches")
struct BatchTests {
    @Test(
        "a method and a path say what is asked, and an id is one whatever is encoded in it",
        arguments: [
            ("POST", "/v1/files", BatchRoute.Operation.upload, ""), ("GET", "/v1/files", .listFiles, ""), ("GET", "/v1/files/", .listFiles, ""),
            ("GET", "/v1/files/s3%3A%2F%2Fb%2Fk", .file, "s3%3A%2F%2Fb%2Fk"), ("DELETE", "/v1/files/a", .deleteFile, "a"),
            ("GET", "/v1/files/a/content", .content, "a"), ("GET", "/v1/files/a/b/content/", .content, "a/b"), ("GET", "/v1/proxy/files/a", .file, "a"),
            ("POST", "/v1/batches", .create, ""), ("GET", "/v1/batches", .list, ""), ("GET", "/v1/batches/a", .batch, "a"),
            ("POST", "/v1/batches/a/cancel", .cancel, "a"), ("GET", "/v1/batches/a/output", .output, "a"),
            ("GET", "/v1/batches/arn:aws:b/c", .batch, "arn:aws:b/c"), ("GET", "/v1/files/content", .file, "content"),
        ])
    func routes(method: String, path: String, operation: BatchRoute.Operation, id: String) throws {
        try withBytes(method) { method in
            try withBytes(path) { path in
                let route = try #require(BatchRoute(method: method, path: path))
                #expect(route.operation == operation && String(route.id) == id)
            }
        }
    }

    @Test("anything else is none", arguments: [
        ("PUT", "/v1/files"), ("POST", "/v1/files/a"), ("HEAD", "/v1/files/a"), ("DELETE", "/v1/files"), ("GET", "/v1/batches/a/cancel/b/"),
        ("POST", "/v1/batches/a"), ("DELETE", "/v1/batches/a"), ("GET", "/v1/filesystem"), ("GET", "/files"), ("GET", "/v1/models"),
    ])
    func noRoutes(method: String, path: String) {
        let route = withBytes(method) { method in withBytes(path) { BatchRoute(method: method, path: $0).map { $0.operation } } }
        #expect(route == nil || (method, path) == ("GET", "/v1/batches/a/cancel/b/") && route == .batch)
    }

    @Test("percent-encoded text is decoded once, and what is no triple stays", arguments: [
        ("s3%3A%2F%2Fb", "s3://b"), ("%2541", "%41"), ("100%", "100%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("", ""),
    ])
    func decoding(text: String, expected: String) {
        #expect(withBytes(text) { String(decoding: PercentText.decoded($0), as: UTF8.self) } == expected)
    }

    @Test("an address in a bucket is a file's id, although its scheme has an empty segment; nothing else that is unclear is", arguments: [
        ("/v1/files/s3%3A%2F%2Fbucket%2Fa.jsonl", Endpoint.files), ("/v1/files/gs%3a%2f%2Fbucket%2Fa/content", .files),
        ("/v1/files/s3:%2F%2Fbucket%2Fa", .files), ("/v1/files/s3:%2F%2F", .unknown), ("/v1/files/s3:%2F%2F..%2Fa", .unknown),
        ("/v1/files/s3%3A%2F%2Fbucket%2F..%2Fa", .unknown), ("/v1/files/s3%3A%2F%2Fbucket%2F%2Fa", .unknown), ("/v1/files/x%3A%2F%2Fbucket", .unknown),
        ("/v1/files/s3://bucket/a", .unknown), ("/v1/files/s3%3A%2F%2F", .unknown), ("/v1/models/s3%3A%2F%2Fbucket%2Fa", .unknown),
        ("/v1/files/s3%253A%252F%252Fbucket", .files),
    ])
    func classification(path: String, endpoint: Endpoint) {
        #expect(withBytes(path) { Endpoint.classify(method: ByteSlice("GET"), target: $0) } == endpoint)
    }

    // MARK: Forms

    private static let type = "multipart/form-data; boundary=\"-x y\""

    private func form(_ body: String, type: String = type) throws -> (file: String, purpose: String, hasFile: Bool) {
        try withBytes(body) { body in
            try withBytes(type) { type in
                let form = try UploadForm(body, contentType: type)
                return (String(form.file), String(form.purpose), form.hasFile)
            }
        }
    }

    @Test("a form's file and purpose are found, whatever stands around them")
    func forms() throws {
        let body = "preamble\r\n---x y\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n---x y  \r\ncontent-type: text/plain\r\n"
            + "CONTENT-DISPOSITION: form-data; filename=\"a;b\\\".jsonl\"; name=file\r\n\r\n{\"a\":1}\r\n---x y-\r\n\r\n---x y--\r\nepilogue"
        let found = try form(body)
        #expect(found.purpose == "batch" && found.file == "{\"a\":1}\r\n---x y-\r\n" && found.hasFile)
        let empty = try form("---x y\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n---x y--")
        #expect(empty.file.isEmpty && empty.hasFile && empty.purpose.isEmpty)
        #expect(try !form("---x y\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n---x y--").hasFile)
    }

    @Test("what is no form is refused", arguments: [
        ("", type), ("no boundary", type), ("---x y\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncut off", type), ("---x y\r\ncut", type),
        ("---x y--", "application/json"), ("---x y--", "multipart/form-data"), ("---x y--", "multipart/form-data; boundary="),
        ("---x y--", "multipart/form-data; boundary=" + String(repeating: "b", count: 71)),
    ])
    func noForms(body: String, type: String) {
        #expect(throws: TranslationFault.self) { try form(body, type: type) }
    }

    @Test("a form cut anywhere is a form or refused, and never read past its end")
    func cutForms() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--"
        for count in 0...body.utf8.count { _ = try? form(String(body.utf8.prefix(count)) ?? "", type: "multipart/form-data; boundary=b") }
        for count in 0..<body.utf8.count { _ = try? form(String(body.utf8.dropFirst(count)) ?? "", type: "multipart/form-data; boundary=b") }
    }

    @Test("a form has so many parts and no more")
    func formBound() throws {
        func body(_ count: Int) -> String { String(repeating: "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n", count: count) + "--b--" }
        _ = try form(body(Limits.formParts), type: "multipart/form-data; boundary=b")
        #expect(throws: TranslationFault.self) { try form(body(Limits.formParts + 1), type: "multipart/form-data; boundary=b") }
    }

    // MARK: Rows

    private func row(_ line: String, _ form: BatchRow.Form = .record) throws -> String {
        var tape = JSONTape()
        return try withBytes(line) { line in
            let row = try BatchRow(line, &tape)
            return written { writer in
                row.writeStart(form, to: &writer)
                writer.append(row.body)
                row.writeEnd(to: &writer)
            }
        }
    }

    @Test("a row is written in each provider's form")
    func rowForms() throws {
        let line = #"{"custom_id":"a\"b","method":"POST","url":"/v1/chat/completions","body":{"x":1}}"#
        #expect(try row(line) == #"{"recordId":"a\"b","modelInput":{"x":1}}"# + "\n")
        #expect(try row(line, .request) == #"{"requestId":"a\"b","request":{"x":1}}"# + "\n")
        #expect(try row(line, .customRequest) == #"{"custom_id":"a\"b","request":{"x":1}}"# + "\n")
        #expect(try row(line, .openAI) == #"{"custom_id":"a\"b","method":"POST","url":"/v1/chat/completions","body":{"x":1}}"# + "\n")
    }

    @Test("what is no request of a chat is refused", arguments: [
        "", "7", "{}", #"{"custom_id":1,"body":{}}"#, #"{"custom_id":"a"}"#, #"{"custom_id":"a","body":[]}"#, #"{"custom_id":"a","body":{}"#,
        #"{"custom_id":"a","url":"/v1/responses","body":{}}"#, #"{"custom_id":"a","body":{"stream":true}}"#,
    ])
    func noRows(line: String) {
        #expect(throws: TranslationFault.self) { try row(line) }
    }

    @Test("a row for an embedding has one text, and tells what else it asked")
    func embeddingRows() throws {
        func row(_ body: String) throws -> (String, String) {
            var tape = JSONTape()
            var notes = TranslationNotes()
            let text = try withBytes(#"{"custom_id":"a","url":"/v1/embeddings","body":\#(body)}"#) { line in
                let row = try BatchRow(line, &tape)
                #expect(row.isEmbedding)
                return try written { try row.writeEmbedding(row.body, &tape, to: &$0, &notes) }
            }
            return (text, written { notes.write(into: &$0) })
        }
        #expect(try row(#"{"model":"m","input":"h\"i","encoding_format":"float"}"#) == (#"{"requestId":"a","content":"h\"i"}"# + "\n", ""))
        #expect(try row(#"{"input":["hi"],"dimensions":7,"encoding_format":"base64"}"#) == (#"{"requestId":"a","content":"hi"}"# + "\n", "dropped: dimensions, encoding_format"))
        for input in ["[]", #"["a","b"]"#, "[1,2]", "7", "null"] { #expect(throws: TranslationFault.self) { try row(#"{"input":\#(input)}"#) } }
    }

    @Test("an embedding's answer becomes OpenAI's list")
    func embeddingAnswers() {
        let line = #"{"instance":{"content":"hi"},"requestId":"r","predictions":[{"embeddings":{"statistics":{"token_count":2},"values":[0.5,-0.25]}}],"status":""}"#
        #expect(
            said(line).hasPrefix(
                #"{"id":"batch_req_3","custom_id":"r","response":{"status_code":200,"request_id":"batch_req_3","body":{"object":"list","data":[{"object":"embedding","#))
    }

    private func said(_ line: String, number: Int = 3) -> String {
        var row = BatchAnswerRow()
        var translator = Translator()
        return withBytes(line) { line in
            let isRead = row.read(line)
            return written(capacity: 1 << 16) { writer in
                do throws(TranslationFault) {
                    guard isRead else { return row.writeFailure(number, ByteSlice("no \"row\""), to: &writer) }
                    try row.write(number, AnswerOptions(), &translator, to: &writer)
                } catch {
                    writer.append("fault: \(error.message)")
                }
            }
        }
    }

    @Test("each dialect's answers become OpenAI's", arguments: [
        #"{"recordId":"r","modelInput":{},"modelOutput":{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn"}}"#,
        #"{"recordId":"r","modelOutput":{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}}"#,
        #"{"requestId":"r","status":"","response":{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}]}}"#,
        #"{"instance":{"requestId":"r"},"response":{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}]}}"#,
    ])
    func answers(line: String) throws {
        let row = said(line)
        #expect(row.hasPrefix(#"{"id":"batch_req_3","custom_id":"r","response":{"status_code":200,"request_id":"batch_req_3","body":{"id":"#), "\(row)")
        #expect(row.contains(#""content":"hi""#) && row.hasSuffix(#"},"error":null}"#), "\(row)")
        var tape = JSONTape()
        #expect(withBytes(row) { (try? tape.parse($0)) != nil })
    }

    @Test("what is OpenAI's stays, and what nobody knows is passed on", arguments: [
        (#"{"custom_id":"r","response":{"choices":[]}}"#, #"{"status_code":200,"request_id":"batch_req_3","body":{"choices":[]}},"error":null}"#),
        (#"{"custom_id":"r","response":{"status_code":429,"body":{"x":1}}}"#, #"{"status_code":429,"body":{"x":1}},"error":null}"#),
        (#"{"recordId":"r","modelOutput":{"results":[1]}}"#, #"{"status_code":200,"request_id":"batch_req_3","body":{"results":[1]}},"error":null}"#),
        (#"{"recordId":"r","error":{"errorCode":400,"errorMessage":"no \"x\""}}"#, #"null,"error":{"code":"400","message":"no \"x\""}}"#),
        (#"{"requestId":"r","status":"Bad Request: {}","response":{}}"#, #"null,"error":{"code":"failed","message":"Bad Request: {}"}}"#),
        (#"{"recordId":"r"}"#, #"null,"error":{"code":"failed","message":"the provider gave no answer and no reason"}}"#),
    ])
    func otherAnswers(line: String, end: String) {
        #expect(said(line) == #"{"id":"batch_req_3","custom_id":"r","response":"# + end)
    }

    @Test("a row that is none is told")
    func noAnswers() {
        let failure = #"{"id":"batch_req_3","custom_id":null,"response":null,"error":{"code":"unreadable","message":"no \"row\""}}"#
        for line in ["", "[]", "{", "\u{0}"] { #expect(said(line) == failure) }
        #expect(said(#"{"recordId":"r","modelOutput":{"type":"message"}}"#).hasPrefix("fault: ") || said(#"{"recordId":"r","modelOutput":{"type":"message"}}"#).contains("fault: "))
    }

    // MARK: Jobs

    private func record(_ json: String, _ read: (JSONValue) -> BatchRecord?) throws -> BatchRecord {
        var tape = JSONTape()
        return try withBytes(json) { json in try #require(read(try tape.parse(json))) }
    }

    private static let job = """
        {"jobArn":"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc","jobName":"n","modelId":"m","roleArn":"r","status":"STATUS",
        "submitTime":"2026-01-01T00:00:00Z","endTime":"2026-01-01T01:00:00.25Z","jobExpirationTime":1767830400.5,"timeoutDurationInHours":48,
        "inputDataConfig":{"s3InputDataConfig":{"s3Uri":"s3://b/in/a.jsonl"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/out"}},
        "totalRecordCount":3,"successRecordCount":2,"errorRecordCount":1}
        """

    @Test("Bedrock's states are OpenAI's", arguments: [
        ("Submitted", BatchRecord.Status.validating), ("Validating", .validating), ("Scheduled", .validating), ("InProgress", .inProgress), ("Completed", .completed),
        ("PartiallyCompleted", .completed), ("Failed", .failed), ("Stopping", .cancelling), ("Stopped", .cancelled), ("Expired", .expired), ("New", .validating),
    ])
    func bedrockStates(word: String, status: BatchRecord.Status) throws {
        let record = try record(Self.job.replacing("STATUS", with: word)) { BedrockJob.read($0) }
        #expect(record.status == status)
        #expect(String(decoding: record.output, as: UTF8.self) == (status == .completed ? "s3://b/out/abc/a.jsonl.out" : ""))
    }

    @Test("a job of Bedrock's is told as a batch")
    func bedrockRecord() throws {
        let record = try record(Self.job.replacing("STATUS", with: "Completed")) { BedrockJob.read($0) }
        let text = written { record.write(to: &$0) }
        #expect(text.utf8.count <= record.byteCount)
        #expect(text == #"""
            {"id":"arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Amodel-invocation-job%2Fabc","object":"batch","endpoint":"/v1/chat/completions","errors":null,"input_file_id":"s3%3A%2F%2Fb%2Fin%2Fa.jsonl","completion_window":"48h","status":"completed","output_file_id":"s3%3A%2F%2Fb%2Fout%2Fabc%2Fa.jsonl.out","error_file_id":null,"created_at":1767225600,"in_progress_at":null,"expires_at":1767830400,"completed_at":1767229200,"request_counts":{"total":3,"completed":2,"failed":1},"model":"m","metadata":null}
            """#)
    }

    @Test("a job of Vertex AI's is told as a batch, and its counts may be texts")
    func vertexRecord() throws {
        let job = #"""
            {"name":"projects/1/locations/r/batchPredictionJobs/77","model":"publishers/google/models/g","state":"JOB_STATE_FAILED","createTime":"2026-01-01T00:00:00Z",
            "startTime":"2026-01-01T00:30:00Z","updateTime":"2026-01-01T01:00:00+00:00","inputConfig":{"gcsSource":{"uris":["gs://b/a.jsonl"]}},
            "completionStats":{"successfulCount":"2","failedCount":"1","incompleteCount":"-1"},"error":{"code":3,"message":"no \"quota\""}}
            """#
        let record = try record(job) { VertexJob.read($0) }
        let text = written { record.write(to: &$0) }
        #expect(text == #"""
            {"id":"77","object":"batch","endpoint":"/v1/chat/completions","errors":{"object":"list","data":[{"code":"failed","message":"no \"quota\"","line":null,"param":null}]},"input_file_id":"gs%3A%2F%2Fb%2Fa.jsonl","completion_window":"24h","status":"failed","output_file_id":null,"error_file_id":null,"created_at":1767225600,"in_progress_at":1767227400,"expires_at":null,"failed_at":1767229200,"request_counts":{"total":3,"completed":2,"failed":1},"model":"publishers/google/models/g","metadata":null}
            """#)
    }

    @Test("a model's name becomes Vertex AI's resource", arguments: [
        ("gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro", true), ("anthropic.claude@1", "publishers/anthropic/models/claude@1", false),
        ("meta.llama", "publishers/meta/models/llama", false), ("mistralai.m", "publishers/mistralai/models/m", false),
        ("deepseek-ai/r1", "publishers/deepseek-ai/models/r1", false), ("projects/p/locations/l/models/7", "projects/p/locations/l/models/7", false),
        ("publishers/google/models/g", "publishers/google/models/g", false),
    ])
    func vertexModels(name: String, resource: String, isGoogle: Bool) {
        var order = BatchOrder()
        order.model = Array(name.utf8)
        let text = written { VertexJob.write(order, to: &$0) }
        #expect(text.contains(",\"model\":\"\(resource)\",") && text.contains("instanceConfig") == isGoogle)
        #expect(text.utf8.count <= VertexJob.byteCount(order))
    }

    @Test("ids that would lead elsewhere are none")
    func ids() {
        for (id, isBedrocks, isVertexs) in [
            ("abcdefghijkl", true, true), ("arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc", true, false), ("77", true, true), ("", false, false),
            ("../x", false, false), ("a?b", false, false), ("/abc", false, false), ("a b", false, false), ("a\r\n", false, false),
            (String(repeating: "a", count: Limits.jobByteCount), true, true), (String(repeating: "a", count: Limits.jobByteCount + 1), false, false),
        ] {
            withBytes(id) { bytes in #expect(BedrockJob.isID(bytes) == isBedrocks && VertexJob.isID(bytes) == isVertexs, "\(id)") }
        }
    }

    @Test("times are read in UTC", arguments: [
        ("2026-01-01T00:00:00Z", 1_767_225_600), ("2024-02-29T23:59:59.999999Z", 1_709_251_199), ("1970-01-01T00:00:00+00:00", 0), ("2026-01-01", nil),
        ("2026-13-01T00:00:00Z", nil), ("2026-01-01T25:00:00Z", nil), ("2026-01-01T00:00:00", nil), ("2026-01-01T00:00:00+02:00", nil), ("", nil),
    ] as [(String, Int64?)])
    func times(text: String, seconds: Int64?) {
        #expect(withBytes(text) { CloudTime.seconds($0) } == seconds)
    }

    @Test("a number of seconds is believed up to the year 9999")
    func timeBound() {
        var tape = JSONTape()
        for (text, seconds) in [("253402300799", 253_402_300_799), ("253402300800", nil), ("1.9", 1), ("-1", nil), ("true", nil), ("1e3", nil)] as [(String, Int64?)] {
            #expect(withBytes(text) { CloudTime.seconds(try? tape.parse($0)) } == seconds, "\(text)")
        }
    }

    @Test("a window is hours that a job can have", arguments: [("24h", 24), ("168h", 168), ("23h", nil), ("169h", nil), ("24", nil), ("h", nil), ("1d", nil)] as [(String, Int64?)])
    func windows(text: String, hours: Int64?) {
        #expect(withBytes(text) { BatchOrder.hours(in: $0) } == hours)
    }

    @Test("a store's error keeps its words and its code")
    func storeErrors() {
        let body = "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>no &quot;k&quot; &amp;&lt;&gt;&apos; &nbsp; é</Message></Error>"
        var translator = Translator()
        for (text, message, type) in [
            (body, #"no \"k\" &<>' &nbsp; é"#, "NoSuchKey"), ("<html>gone</html>", "<html>gone</html>", "invalid_request_error"),
            ("<Error><Message>open", "<Error><Message>open", "invalid_request_error"),
        ] {
            let answer = written { writer in
                withBytes(text) { body in
                    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 8192)
                    defer { room.deallocate() }
                    var scratch = ByteWriter(room, capacity: 8192)
                    translator.writeError(
                        body, status: 404, provider: ByteSlice("p"), requestID: ByteSlice("r1"), type: ByteSlice(""),
                        Translation(.chat, from: .openAI, to: .bedrock), scratch: &scratch, to: &writer)
                }
            }
            #expect(answer == "{\"error\":{\"message\":\"\(message)\",\"type\":\"\(type)\",\"param\":null,\"code\":null},\"provider\":\"p\",\"request_id\":\"r1\"}")
        }
    }

    @Test("what several rows drop is told once")
    func notes() {
        var all = TranslationNotes()
        for names in [["seed", "n"], ["n", "seed"], ["nn"]] {
            var one = TranslationNotes()
            for name in names { withBytes(name) { one.drop($0) } }
            one.change("messages")
            all.add(one)
        }
        #expect(written { all.write(into: &$0) } == "dropped: seed, n, nn; changed: messages")
    }
}
