public import Bytes
public import JSON

/// Bedrock's batches: model invocation jobs.
/// - Source: Amazon Bedrock API Reference, "CreateModelInvocationJob", "GetModelInvocationJob", "ListModelInvocationJobs",
///   "StopModelInvocationJob"; User Guide, "Process multiple prompts with batch inference"; botocore 1.43, `bedrock/2023-04-20/service-2.json`
public enum BedrockJob {
    /// Room that `write` needs for `order`, in bytes.
    public static func byteCount(_ order: BatchOrder) -> Int {
        512 + 6 * (order.model.count + order.input.count + order.output.count + order.name.count + order.role.count + order.encryptionKey.count)
    }

    /// Writes the body of `CreateModelInvocationJob`.
    ///
    /// - Parameter token: the same for each try of one request, so that they make one job.
    public static func write(_ order: BatchOrder, token: ByteSlice, to writer: inout ByteWriter) {
        writer.append("{\"clientRequestToken\":")
        writer.append(jsonString: token)
        writer.append(member: "jobName", order.name)
        writer.append(member: "roleArn", order.role)
        writer.append(member: "modelId", order.model)
        writer.append(",\"inputDataConfig\":{\"s3InputDataConfig\":{\"s3InputFormat\":\"JSONL\"")
        writer.append(member: "s3Uri", order.input)
        writer.append("}},\"outputDataConfig\":{\"s3OutputDataConfig\":{\"s3Uri\":")
        order.output.withByteSlice { writer.append(jsonString: $0) }
        if !order.encryptionKey.isEmpty { writer.append(member: "s3EncryptionKeyId", order.encryptionKey) }
        writer.append("}}")
        writer.append(order.isConverse ? ",\"modelInvocationType\":\"Converse\"" : ",\"modelInvocationType\":\"InvokeModel\"")
        if let hours = order.hours {
            writer.append(",\"timeoutDurationInHours\":")
            writer.append(decimal: Int(hours))
        }
        writer.append("}")
    }

    /// The name of a job: at most 63 letters, digits and a few marks, no mark at its start.
    public static func isName(_ name: ByteSlice) -> Bool {
        guard (1...63).contains(name.count), ASCII.isLetter(name[0]) || ASCII.isDigit(name[0]) else { return false }
        return isMade(of: name, marks: "+-.")
    }

    /// A job's id or ARN, which becomes one segment of a path.
    public static func isID(_ id: ByteSlice) -> Bool {
        (1...Limits.jobByteCount).contains(id.count) && isMade(of: id, marks: ":/-") && id[0] != UInt8(ascii: "/")
    }

    private static func isMade(of text: ByteSlice, marks: StaticString) -> Bool {
        for index in 0..<text.count where !ASCII.isLetter(text[index]) && !ASCII.isDigit(text[index]) {
            guard ByteSlice(marks).firstIndex(of: text[index]) != nil else { return false }
        }
        return true
    }

    /// The new job's ARN, decoded; nil for what is no answer of `CreateModelInvocationJob`.
    public static func created(_ answer: JSONValue) -> [UInt8]? { answer["jobArn"]?.string?.decoded }

    /// A job as it is told of; nil for what tells of none.
    public static func read(_ job: JSONValue) -> BatchRecord? {
        guard let id = created(job) else { return nil }
        var record = BatchRecord()
        record.id = id
        record.status = status(job["status"])
        record.model = job["modelId"]?.string?.decoded ?? []
        record.input = job["inputDataConfig"]?["s3InputDataConfig"]?["s3Uri"]?.string?.decoded ?? []
        record.message = job["message"]?.string?.decoded ?? []
        record.createdAt = CloudTime.seconds(job["submitTime"])
        record.endedAt = CloudTime.seconds(job["endTime"]) ?? CloudTime.seconds(job["lastModifiedTime"])
        record.expiresAt = CloudTime.seconds(job["jobExpirationTime"])
        record.total = count(job["totalRecordCount"])
        record.succeeded = count(job["successRecordCount"])
        record.failed = count(job["errorRecordCount"])
        record.hours = job["timeoutDurationInHours"]?.integer
        if record.status == .completed { record.output = output(job, id, record.input) }
        return record
    }

    /// Where a finished job's answers are: below its folder a folder of its own, in that the input's name with another ending. Empty
    /// where a whole folder was its input.
    private static func output(_ job: JSONValue, _ id: [UInt8], _ input: [UInt8]) -> [UInt8] {
        guard var output = job["outputDataConfig"]?["s3OutputDataConfig"]?["s3Uri"]?.string?.decoded, let slash = input.lastIndex(of: UInt8(ascii: "/")),
            slash + 1 < input.count
        else { return [] }
        if output.last != UInt8(ascii: "/") { output.append(UInt8(ascii: "/")) }
        output += id.lastIndex(of: UInt8(ascii: "/")).map { id[($0 + 1)...] } ?? id[...]
        output += input[slash...]
        output += ".out".utf8
        return output
    }

    public static func readList(_ answer: JSONValue) -> BatchPage? {
        guard let summaries = answer.member("invocationJobSummaries") else { return nil }
        var page = BatchPage()
        for summary in summaries.elements {
            if let record = read(summary) { page.records.append(record) }
        }
        page.hasMore = answer["nextToken"] != nil
        return page
    }

    private static func status(_ word: JSONValue?) -> BatchRecord.Status {
        guard let word = word?.string else { return .validating }
        if word == "InProgress" { return .inProgress }
        if word == "Completed" || word == "PartiallyCompleted" { return .completed }
        if word == "Failed" { return .failed }
        if word == "Stopping" { return .cancelling }
        if word == "Stopped" { return .cancelled }
        if word == "Expired" { return .expired }
        return .validating
    }

    private static func count(_ value: JSONValue?) -> Int64 { min(max(0, value?.integer ?? 0), Limits.tokenCount) }
}
