import Bytes
import HTTP
import JSON

/// The batches of Bedrock and Vertex AI: jobs that are done as soon as they are made, and tell of it one state at a time.
/// - Source: Amazon Bedrock API Reference, "CreateModelInvocationJob" and its kin; cloud.google.com/vertex-ai/docs/reference/rest, batchPredictionJobs
extension Connection {
    /// - Parameter path: what follows the collection's name: empty, or `/{id}` and what is asked of it.
    func answerJob(_ request: Request, isVertex: Bool, path: ByteSlice) {
        if request.method == "POST", path.isEmpty { return createJob(request, isVertex: isVertex) }
        if path.isEmpty {
            guard request.method == "GET" else { return failJob(request, 405, "the method is not allowed") }
            return listJobs(request, isVertex: isVertex)
        }
        let stop: StaticString = isVertex ? ":cancel" : "/stop"
        let isStop = path.count > stop.utf8CodeUnitCount && path.dropFirst(path.count - stop.utf8CodeUnitCount) == ByteSlice(stop)
        guard request.method == (isStop ? "POST" : "GET") else { return failJob(request, 405, "the method is not allowed") }
        let decoded = PercentText.decoded(isStop ? path[1..<path.count - stop.utf8CodeUnitCount] : path.dropFirst(1))
        // An ARN ends with the id.
        let id = decoded.lastIndex(of: UInt8(ascii: "/")).map { [UInt8](decoded[($0 + 1)...]) } ?? decoded
        let job = id.withByteSlice { id in
            worker.counters.store.change(id) { job in
                if isStop { job.isStopped = true } else { job.lookCount += 1 }
            }
        }
        guard let job else { return failJob(request, 404, "there is no such job") }
        if isStop { worker.body.append("{}") } else { job.write(isVertex: isVertex, into: &worker.body) }
        finish(request, AnswerHead(), Script())
    }

    private func listJobs(_ request: Request, isVertex: Bool) {
        let limit = request.query(isVertex ? "pageSize" : "maxResults")?.decimal.map { Int(clamping: $0) } ?? 20
        let jobs = worker.counters.store.jobs(of: isVertex ? "gs://" : "s3://")
        let before = request.query(isVertex ? "filter" : "submitTimeBefore").map { PercentText.decoded($0) } ?? []
        let shown = jobs.filter { before.isEmpty || $0.isBefore(before) }
        worker.body.append(isVertex ? "{\"batchPredictionJobs\":[" : "{\"invocationJobSummaries\":[")
        for (index, job) in shown.prefix(limit).enumerated() {
            if index > 0 { worker.body.append(",") }
            job.write(isVertex: isVertex, into: &worker.body)
        }
        worker.body.append("]")
        if shown.count > limit { worker.body.append(isVertex ? ",\"nextPageToken\":\"mock\"" : ",\"nextToken\":\"mock\"") }
        worker.body.append("}")
        finish(request, AnswerHead(), Script())
    }

    private func createJob(_ request: Request, isVertex: Bool) {
        let document: JSONValue
        do throws(JSONError) { document = try worker.tape.parse(request.body) } catch { return failJob(request, 400, "the body is no JSON object") }
        if worker.options.isStrict {
            let fault = isVertex
                ? RequestRules.vertexJobs.check(document, as: "BatchPredictionJob") : RequestRules.bedrock.check(document, as: "CreateModelInvocationJob")
            if let fault { return failJob(request, fault.status, fault.sentence) }
        }
        guard var job = ObjectStore.Job(document, isVertex: isVertex) else {
            return failJob(request, 400, "the job names no model, no input or no output")
        }
        let store = worker.counters.store
        job = store.add(job, prefix: isVertex ? "1" : "mock")
        if let input = store.object(at: job.input) {
            let rows = run(job, input.content, isVertex: isVertex)
            if !store.put(rows.content, at: job.answers(isVertex: isVertex), now: worker.wallSeconds) { job.fault = "the mock's store is full" }
            (job.succeeded, job.failed) = (rows.succeeded, rows.failed)
        } else {
            job.fault = "the input is not there: \(String(decoding: job.input, as: UTF8.self))"
        }
        let done = job
        let kept = Array(job.id.utf8).withByteSlice { id in store.change(id) { $0 = done } } ?? job
        if isVertex {
            kept.write(isVertex: true, into: &worker.body)
        } else {
            worker.body.append("{\"jobArn\":\"")
            worker.body.append(jsonContent: kept.arn)
            worker.body.append("\"}")
        }
        finish(request, AnswerHead(), Script())
    }

    /// Answers each row of a file.
    private func run(_ job: ObjectStore.Job, _ content: [UInt8], isVertex: Bool) -> (content: [UInt8], succeeded: Int, failed: Int) {
        var output = Output(capacity: 2 * content.count)
        var succeeded = 0
        var failed = 0
        content.withByteSlice { content in
            var rest = content
            while !rest.isEmpty {
                let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
                let line = rest.prefix(end)
                rest = rest.dropFirst(min(end + 1, rest.count))
                guard !line.isEmpty else { continue }
                let row = try? worker.tape.parse(line)
                let isGood = JobRow(isVertex: isVertex, isStrict: worker.options.isStrict, isConverse: job.isConverse).write(row, into: &output)
                if isGood { succeeded += 1 } else { failed += 1 }
                output.append("\n")
            }
        }
        return ([UInt8](output.bytes), succeeded, failed)
    }

    func failJob(_ request: Request, _ status: Int, _ message: String) {
        var head = AnswerHead()
        head.status = status
        ErrorAnswer(status: status, dialect: request.dialect, serial: worker.nextSerial()).write(into: &worker.body) { $0.append(jsonContent: message) }
        finish(request, head, Script())
    }
}

/// What becomes of one row of a batch.
struct JobRow {
    let isVertex: Bool
    let isStrict: Bool
    let isConverse: Bool

    /// Writes the row's answer; false where that is an error: of a row named `fail…`, or one that the strict mock would refuse.
    func write(_ row: JSONValue?, into output: inout Output) -> Bool {
        guard let row, row.isObject else {
            output.append("{\"recordId\":\"\",\"error\":{\"errorCode\":400,\"errorMessage\":\"the row is no JSON object\"}}")
            return false
        }
        if isVertex, let content = row["content"] { return writeEmbedding(of: content, row, into: &output) }
        let name: StaticString = !isVertex ? "recordId" : row["requestId"] != nil ? "requestId" : "custom_id"
        let input = row[isVertex ? "request" : "modelInput"] ?? row["body"]
        output.append("{\"")
        output.append(name)
        output.append("\":")
        output.append(row[name]?.bytes ?? ByteSlice("null"))
        let fault = fault(in: row, name, input)
        output.append(isVertex ? ",\"request\":" : ",\"modelInput\":")
        output.append(input?.bytes ?? ByteSlice("null"))
        if let fault {
            output.append(isVertex ? ",\"response\":{},\"status\":\"Bad Request: " : ",\"error\":{\"errorCode\":400,\"errorMessage\":\"")
            output.append(jsonContent: fault)
            output.append(isVertex ? "\"}" : "\",\"retryable\":false,\"expired\":false}}")
            return false
        }
        output.append(isVertex ? ",\"status\":\"\",\"response\":" : ",\"modelOutput\":")
        writeAnswer(row, input, into: &output)
        output.append("}")
        return true
    }

    /// - Source: cloud.google.com/vertex-ai/generative-ai/docs/embeddings/batch-prediction-genai-embeddings
    private func writeEmbedding(of content: JSONValue, _ row: JSONValue, into output: inout Output) -> Bool {
        let isGood = content.isString && row["requestId"]?.string?.content.hasPrefix("fail") != true
        output.append("{\"instance\":{\"content\":")
        output.append(content.bytes)
        output.append("},\"requestId\":")
        output.append(row["requestId"]?.bytes ?? ByteSlice("null"))
        guard isGood else {
            output.append(",\"predictions\":[],\"status\":\"the mock provider was asked to fail\"}")
            return false
        }
        output.append(",\"predictions\":[{\"embeddings\":{\"statistics\":{\"token_count\":2,\"truncated\":false},\"values\":[0.5,-0.25]}}],\"status\":\"\"}")
        return true
    }

    private func fault(in row: JSONValue, _ name: StaticString, _ input: JSONValue?) -> String? {
        guard let input, input.isObject else { return "the row has no request" }
        if row[name]?.string?.content.hasPrefix("fail") == true { return "the mock provider was asked to fail" }
        guard isStrict else { return nil }
        if !isVertex { return isConverse ? BedrockCheck.fault(in: input, at: .converse)?.sentence : nil }
        if input["contents"] != nil { return GeminiCheck.fault(in: input, at: .generate, isVertex: true)?.sentence }
        return input["anthropic_version"] != nil ? AnthropicCheck.vertexFault(in: input, at: .messages)?.sentence : nil
    }

    private func writeAnswer(_ row: JSONValue, _ input: JSONValue?, into output: inout Output) {
        if !isVertex, isConverse {
            output.append("{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"The mock provider has answered.\"}]}},")
            output.append("\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":4,\"outputTokens\":5,\"totalTokens\":9},\"metrics\":{\"latencyMs\":1}}")
        } else if input?["contents"] != nil {
            output.append("{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"The mock provider has answered.\"}]},\"finishReason\":\"STOP\"}],")
            output.append("\"usageMetadata\":{\"promptTokenCount\":4,\"candidatesTokenCount\":5,\"totalTokenCount\":9},\"modelVersion\":\"mock\",\"responseId\":\"mock\"}")
        } else if input?["anthropic_version"] != nil {
            output.append("{\"id\":\"msg_mock\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"mock\",\"content\":[{\"type\":\"text\",")
            output.append("\"text\":\"The mock provider has answered.\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,")
            output.append("\"usage\":{\"input_tokens\":4,\"output_tokens\":5}}")
        } else {
            output.append("{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1767225600,\"model\":\"mock\",\"choices\":[{\"index\":0,")
            output.append("\"message\":{\"role\":\"assistant\",\"content\":\"The mock provider has answered.\"},\"finish_reason\":\"stop\"}],")
            output.append("\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":5,\"total_tokens\":9}}")
        }
    }
}
