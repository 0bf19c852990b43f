public import Bytes
public import JSON

/// Vertex AI's batches: batch prediction jobs.
/// - Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs;
///   cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-from-cloud-storage, …/partner-models/claude/batch
public enum VertexJob {
    /// Room that `write` needs for `order`, in bytes.
    public static func byteCount(_ order: BatchOrder) -> Int {
        512 + 6 * (order.model.count + order.input.count + order.output.count + order.name.count)
    }

    /// Writes the body of a new job. Its model's name says whose it is, as in other requests.
    public static func write(_ order: BatchOrder, to writer: inout ByteWriter) {
        writer.append("{\"displayName\":")
        order.name.withByteSlice { writer.append(jsonString: $0) }
        let model = order.model.withByteSlice { VertexModel(named: $0) }
        writer.append(member: "model", resource(order.model, model))
        writer.append(",\"inputConfig\":{\"instancesFormat\":\"jsonl\",\"gcsSource\":{\"uris\":[")
        order.input.withByteSlice { writer.append(jsonString: $0) }
        writer.append("]}},\"outputConfig\":{\"predictionsFormat\":\"jsonl\",\"gcsDestination\":{\"outputUriPrefix\":")
        order.output.withByteSlice { writer.append(jsonString: $0) }
        writer.append("}}")
        // What a row of Gemini's is called is no part of what the model is asked, and stands beside the answer all the same.
        if model.publisher == .google { writer.append(",\"instanceConfig\":{\"instanceType\":\"object\",\"excludedFields\":[\"requestId\"]}") }
        writer.append("}")
    }

    /// The model's resource: one of a publisher's, or one of the project's own as Google writes it.
    private static func resource(_ name: [UInt8], _ model: VertexModel) -> [UInt8] {
        let own = name.dropFirst(model.prefixByteCount)
        let publisher: String
        switch model.publisher {
        case .google: publisher = "google"
        case .anthropic: publisher = "anthropic"
        case .mistral: publisher = "mistralai"
        case .meta: publisher = "meta"
        case .endpoint, .written:
            guard let slash = name.firstIndex(of: UInt8(ascii: "/")), !name.starts(with: "projects/".utf8), !name.starts(with: "publishers/".utf8) else {
                return name
            }
            return Array("publishers/".utf8) + name[..<slash] + Array("/models/".utf8) + name[(slash + 1)...]
        }
        return Array("publishers/\(publisher)/models/".utf8) + own
    }

    /// A job's id: the last segment of its name, digits as a rule.
    public static func isID(_ id: ByteSlice) -> Bool {
        guard (1...Limits.jobByteCount).contains(id.count) else { return false }
        for index in 0..<id.count where !ASCII.isLetter(id[index]) && !ASCII.isDigit(id[index]) && id[index] != UInt8(ascii: "-") { return false }
        return true
    }

    /// A job as it is told of; nil for what tells of none.
    public static func read(_ job: JSONValue) -> BatchRecord? {
        guard let name = job["name"]?.string?.decoded, let slash = name.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        var record = BatchRecord()
        record.id = Array(name[(slash + 1)...])
        record.status = status(job["state"])
        record.model = job["model"]?.string?.decoded ?? []
        record.isEmbedding = record.model.withByteSlice { $0.firstRange(of: ByteSlice("embedding")) != nil }
        record.input = job["inputConfig"]?["gcsSource"]?["uris"]?.elements.first { _ in true }?.string?.decoded ?? []
        record.message = job["error"]?["message"]?.string?.decoded ?? []
        record.createdAt = CloudTime.seconds(job["createTime"])
        record.startedAt = CloudTime.seconds(job["startTime"])
        record.endedAt = CloudTime.seconds(job["endTime"]) ?? CloudTime.seconds(job["updateTime"])
        let counts = job["completionStats"]
        record.succeeded = count(counts?["successfulCount"])
        record.failed = count(counts?["failedCount"])
        record.total = record.succeeded + record.failed + count(counts?["incompleteCount"])
        if record.status == .completed, let folder = job["outputInfo"]?["gcsOutputDirectory"]?.string?.decoded {
            record.output = folder + Array((record.isEmbedding ? "/000000000000.jsonl" : "/predictions.jsonl").utf8)
        }
        return record
    }

    public static func readList(_ answer: JSONValue) -> BatchPage? {
        guard answer.isObject else { return nil }
        var page = BatchPage()
        // An empty list is left out.
        if let jobs = answer["batchPredictionJobs"] {
            for job in jobs.elements {
                if let record = read(job) { page.records.append(record) }
            }
        }
        page.hasMore = answer["nextPageToken"]?.string.map { !$0.content.isEmpty } ?? false
        return page
    }

    private static func status(_ word: JSONValue?) -> BatchRecord.Status {
        guard let word = word?.string else { return .validating }
        if word == "JOB_STATE_RUNNING" || word == "JOB_STATE_UPDATING" { return .inProgress }
        if word == "JOB_STATE_SUCCEEDED" || word == "JOB_STATE_PARTIALLY_SUCCEEDED" { return .completed }
        if word == "JOB_STATE_FAILED" { return .failed }
        if word == "JOB_STATE_CANCELLING" { return .cancelling }
        if word == "JOB_STATE_CANCELLED" { return .cancelled }
        if word == "JOB_STATE_EXPIRED" { return .expired }
        return .validating
    }

    /// Counts are 64-bit, which JSON's mapping writes as text; −1 is unknown.
    private static func count(_ value: JSONValue?) -> Int64 {
        guard let value else { return 0 }
        return min(max(0, value.integer ?? value.string?.plain?.decimal ?? 0), Limits.tokenCount)
    }
}
