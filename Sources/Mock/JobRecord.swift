import Bytes
import JSON

extension ObjectStore.Job {
    /// Reads the request for a new job; nil when it lacks what every job has.
    init?(_ document: JSONValue, isVertex: Bool) {
        func text(_ value: JSONValue?) -> [UInt8] {
            guard let string = value?.string else { return [] }
            return [UInt8](unsafeUninitializedCapacity: string.content.count) { room, count in
                guard let start = room.baseAddress else { return }
                var writer = ByteWriter(start, capacity: room.count)
                string.decode(into: &writer)
                count = writer.count
            }
        }
        id = ""
        if isVertex {
            model = text(document["model"])
            name = text(document["displayName"])
            input = text(document["inputConfig"]?["gcsSource"]?["uris"]?.elements.first { _ in true })
            output = text(document["outputConfig"]?["gcsDestination"]?["outputUriPrefix"])
        } else {
            model = text(document["modelId"])
            name = text(document["jobName"])
            role = text(document["roleArn"])
            isConverse = document["modelInvocationType"]?.is("Converse") == true
            input = text(document["inputDataConfig"]?["s3InputDataConfig"]?["s3Uri"])
            output = text(document["outputDataConfig"]?["s3OutputDataConfig"]?["s3Uri"])
            hours = document["timeoutDurationInHours"]?.integer.map { Int(clamping: $0) }
        }
        guard !model.isEmpty, !input.isEmpty, !output.isEmpty else { return nil }
        if output.last != UInt8(ascii: "/") { output.append(UInt8(ascii: "/")) }
    }

    var arn: String { "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/\(id)" }

    /// Where its answers are.
    func answers(isVertex: Bool) -> [UInt8] {
        guard !isVertex else {
            let isEmbedding = model.withByteSlice { $0.firstRange(of: ByteSlice("embedding")) != nil }
            return folder + Array((isEmbedding ? "/000000000000.jsonl" : "/predictions.jsonl").utf8)
        }
        let slash = input.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return output + Array(id.utf8) + input[slash...] + Array(".out".utf8)
    }

    private var folder: [UInt8] { output + Array("prediction-mock-\(id)".utf8) }

    /// When it was made: each job a second after the one before, so that they have an order.
    private var time: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "2026-01-01T\(two(serial / 3600 % 24)):\(two(serial / 60 % 60)):\(two(serial % 60))Z"
    }

    /// Whether it is older than the time in `text`, which may stand in a filter.
    func isBefore(_ text: [UInt8]) -> Bool {
        guard let start = text.firstIndex(of: UInt8(ascii: "2")) else { return true }
        return time < String(decoding: text[start...].prefix(time.utf8.count), as: UTF8.self)
    }

    /// How far it is, by how often it has been asked about.
    private var state: Int { isStopped ? 3 : !fault.isEmpty ? 4 : min(lookCount, 2) }

    func write(isVertex: Bool, into output: inout Output) {
        if isVertex { writeVertex(into: &output) } else { writeBedrock(into: &output) }
    }

    private func writeBedrock(into output: inout Output) {
        output.append("{\"jobArn\":\"")
        output.append(jsonContent: arn)
        output.append("\"")
        member("jobName", name, &output)
        member("modelId", model, &output)
        member("roleArn", role, &output)
        member("status", Array(["Submitted", "InProgress", "Completed", "Stopped", "Failed"][state].utf8), &output)
        member("submitTime", Array(time.utf8), &output)
        member("jobExpirationTime", Array("2026-01-08T00:00:00Z".utf8), &output)
        if state >= 2 { member("endTime", Array("2026-01-01T01:00:00.5Z".utf8), &output) }
        output.append(",\"inputDataConfig\":{\"s3InputDataConfig\":{\"s3InputFormat\":\"JSONL\"")
        member("s3Uri", input, &output)
        output.append("}},\"outputDataConfig\":{\"s3OutputDataConfig\":{\"s3Uri\":\"")
        self.output.withByteSlice { output.append(jsonContent: $0) }
        output.append("\"}}")
        if let hours {
            output.append(",\"timeoutDurationInHours\":")
            output.append(decimal: hours)
        }
        if !fault.isEmpty { member("message", Array(fault.utf8), &output) }
        if state == 2 {
            for (name, count) in [("totalRecordCount", succeeded + failed), ("successRecordCount", succeeded), ("errorRecordCount", failed)]
                as [(StaticString, Int)]
            {
                output.append(",\"")
                output.append(name)
                output.append("\":")
                output.append(decimal: count)
            }
        }
        output.append("}")
    }

    private func writeVertex(into output: inout Output) {
        output.append("{\"name\":\"projects/1/locations/mock/batchPredictionJobs/")
        output.append(jsonContent: id)
        output.append("\"")
        member("displayName", name, &output)
        member("model", model, &output)
        let states = ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED", "JOB_STATE_CANCELLED", "JOB_STATE_FAILED"]
        member("state", Array(states[state].utf8), &output)
        member("createTime", Array(time.utf8), &output)
        if state >= 1 { member("startTime", Array("2026-01-01T00:30:00Z".utf8), &output) }
        if state >= 2 { member("endTime", Array("2026-01-01T01:00:00.5Z".utf8), &output) }
        output.append(",\"inputConfig\":{\"instancesFormat\":\"jsonl\",\"gcsSource\":{\"uris\":[\"")
        input.withByteSlice { output.append(jsonContent: $0) }
        output.append("\"]}},\"outputConfig\":{\"predictionsFormat\":\"jsonl\",\"gcsDestination\":{\"outputUriPrefix\":\"")
        self.output.withByteSlice { output.append(jsonContent: $0) }
        output.append("\"}}")
        if state == 2 {
            output.append(",\"outputInfo\":{\"gcsOutputDirectory\":\"")
            folder.withByteSlice { output.append(jsonContent: $0) }
            output.append("\"},\"completionStats\":{\"successfulCount\":\"")
            output.append(decimal: succeeded)
            output.append("\",\"failedCount\":\"")
            output.append(decimal: failed)
            output.append("\"}")
        }
        if !fault.isEmpty {
            output.append(",\"error\":{\"code\":3,\"message\":\"")
            output.append(jsonContent: fault)
            output.append("\"}")
        }
        output.append("}")
    }

    private func member(_ name: StaticString, _ text: [UInt8], _ output: inout Output) {
        output.append(",\"")
        output.append(name)
        output.append("\":")
        text.withByteSlice { output.append(jsonString: $0) }
    }
}
