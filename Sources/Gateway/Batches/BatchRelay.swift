import Bytes
import HTTP
import JSON
import Policy
import Providers

/// Answers about files and batches, said as OpenAI's API would; see `BatchCall`.
extension Exchange {
    /// What becomes of the answer with the head just read; nil for one that is passed on as it is.
    func storedMode(_ call: BatchCall) -> TranslatedAnswer.Mode? {
        guard (200...299).contains(worker.answerHead.status) else { return .error }
        guard call.leg == .get else { return .stored }
        return call.object?.holdsAnswers == true ? .rows : nil
    }

    /// Takes the head of an answer that is said again.
    func beginStored(
        _ block: consuming Block, _ head: Range<Int>, count: Int, _ call: BatchCall, _ mode: TranslatedAnswer.Mode, _ upstream: UpstreamCall,
        _ client: Client
    ) throws(Rejection) -> Step? {
        guard let plan else { throw Rejection(.internalFault) }
        let fields = block.slice(head)
        if call.leg == .head {
            // No body follows that could say so.
            guard worker.answerHead.status != 404 else { throw Rejection(.notFound, "there is no file with this id", parameter: "file_id") }
            call.size = worker.answerHead.fields.value(of: .contentLength, in: fields)?.decimal ?? 0
            call.modifiedAt = worker.answerHead.fields.firstIndex(named: ByteSlice("last-modified"), in: fields)
                .flatMap { HTTPDate.seconds(fields[worker.answerHead.fields[$0].valueRange]) }.map { Int64(clamping: $0) } ?? 0
        }
        let provider: Dialect = plan.destination.batches?.store == .google ? .gemini : .bedrock
        guard mode == .rows else {
            return try beginTranslated(block, head, count: count, Translation(.chat, from: dialect, to: provider), mode, upstream, client)
        }
        beginTranslated(.rows, Translation(.chat, from: .openAI, to: provider), fields, plan)
        markFailedChecks()
        var writer = ByteWriter(worker.headScratch, capacity: GatewayLimits.answerHeadByteCount)
        writer.append(statusLine: answer.status)
        writer.append("content-type: application/octet-stream\r\n")
        writeUsualFields(plan, to: &writer)
        if answer.framing == .chunked { writer.append("transfer-encoding: chunked\r\n") }
        writeConnectionField(to: &writer)
        writer.appendEndOfHead()
        guard !writer.overflowed else { throw Rejection(.internalFault) }
        guard let own = worker.blocks.lease(atLeast: writer.count) else { throw Rejection(.overloaded) }
        var place = ByteWriter(own.base, capacity: own.capacity)
        place.append(writer.written)
        worker.runs.append(place.written)
        worker.runs.blocks.add(own)
        commitTranslated(upstream, client)
        return try passTranslated(block, head.upperBound..<count, upstream, client)
    }

    // MARK: Whole answers

    /// The request that has to follow before the client can be answered, if one has to: the step to go on with.
    func nextLeg(_ call: BatchCall) throws(Rejection) -> Step? {
        guard call.leg == .getJob, call.operation == .list || call.operation == .output, let place = plan?.destination.batches else { return nil }
        let (record, submitted) = try withAnswer { (root) -> (BatchRecord, InlineText<40>)? in
            guard let record = place.store == .amazon ? BedrockJob.read(root) : VertexJob.read(root) else { return nil }
            let time = root[place.store == .amazon ? "submitTime" : "createTime"]?.string?.plain
            return (record, time.map { InlineText<40>($0) } ?? InlineText<40>())
        }
        if call.operation == .list {
            guard submitted.withBytes({ CloudTime.seconds($0) != nil }) else {
                throw Rejection(.upstreamUnreadable, "the provider does not say when the batch in \"after\" was made")
            }
            call.before = submitted
            call.leg = .listJobs
        } else {
            guard let plan, record.status == .completed, let object = BucketObject(place.store, address: record.output) else {
                throw Rejection(.notFound, "the batch has no output\(record.status == .completed ? " of one file" : " yet")", parameter: "batch_id")
            }
            try checkReach(object, plan, place, "batch_id")
            call.object = object
            call.leg = .get
        }
        // The same attempt goes on, with the same credential, to another host it may be.
        releaseUpstream(reusable: answer.upstreamReusable)
        answer.translated.reset()
        answer.state = .head
        attempt.state = .new
        attempt.wantsFresh = false
        attempt.total -= 1
        return .dispatch
    }

    /// The client's answer, its head apart.
    func storedAnswer() throws(Rejection) -> TranslatedAnswer.Whole {
        guard let call = batch, let place = plan?.destination.batches else { throw Rejection(.internalFault) }
        answer.status = 200
        switch call.leg {
        case .put, .head, .delete: return try fileAnswer(call)
        case .createJob where place.store == .amazon:
            let id = try withAnswer { BedrockJob.created($0) }
            var record = BatchRecord()
            record.id = id
            record.input = call.order.input
            record.model = call.order.model
            record.createdAt = receivedSeconds
            record.hours = call.order.hours
            return try whole(record.byteCount) { record.write(to: &$0) }
        case .createJob, .getJob:
            let record = try withAnswer { place.store == .amazon ? BedrockJob.read($0) : VertexJob.read($0) }
            return try whole(record.byteCount) { record.write(to: &$0) }
        case .stopJob:
            var record = BatchRecord()
            record.id = call.job
            record.status = .cancelling
            return try whole(record.byteCount) { record.write(to: &$0) }
        case .listJobs:
            let page = try withAnswer { place.store == .amazon ? BedrockJob.readList($0) : VertexJob.readList($0) }
            return try whole(page.byteCount) { page.write(to: &$0) }
        case .get: throw Rejection(.internalFault)
        }
    }

    private var receivedSeconds: Int64 { Int64(clamping: record.figures.wallNanoseconds / 1_000_000_000) }

    private func fileAnswer(_ call: BatchCall) throws(Rejection) -> TranslatedAnswer.Whole {
        guard let object = call.object else { throw Rejection(.internalFault) }
        var file = FileRecord()
        file.address = object.address
        switch call.leg {
        case .put:
            file.purpose = call.purpose
            file.size = Int64(call.isTranslated ? call.contentCount : call.file.count)
            file.createdAt = receivedSeconds
        default:
            file.purpose = Array((object.holdsAnswers ? "batch_output" : "batch").utf8)
            file.size = call.size
            file.createdAt = call.modifiedAt
        }
        return try whole(file.byteCount) { writer in
            if call.leg == .delete { file.writeDeleted(to: &writer) } else { file.write(to: &writer) }
        }
    }

    /// Reads the provider's answer.
    private func withAnswer<Result>(_ read: (JSONValue) -> Result?) throws(Rejection) -> Result {
        guard let batch, let root = try? batch.tape.parse(answer.translated.collectedBytes), let result = read(root) else {
            throw Rejection(.upstreamUnreadable, "the provider's answer tells of no batch")
        }
        return result
    }

    /// A body behind room for its head.
    private func whole(_ byteCount: Int, _ write: (inout ByteWriter) -> Void) throws(Rejection) -> TranslatedAnswer.Whole {
        let start = answer.translated.headBytes.count + GatewayLimits.headRoomByteCount
        guard let block = worker.blocks.lease(atLeast: start + byteCount) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base + start, capacity: block.capacity - start)
        write(&writer)
        guard !writer.overflowed else { throw Rejection(.upstreamUnreadable, "the provider's answer is too long") }
        let count = writer.count
        return TranslatedAnswer.Whole(block: block, range: start..<start + count)
    }

    // MARK: Rows

    /// Says the rows that end in `payload` again; false when they cannot be.
    func takeRows(_ payload: ByteSlice, into chunk: inout ChunkBuilder) -> Bool {
        guard let batch, let plan else { return false }
        return batch.feed(payload, options(plan), into: &chunk, worker)
    }

    /// The file is over.
    func finishRows(into chunk: inout ChunkBuilder) -> Bool {
        guard let batch, let plan else { return false }
        return batch.finish(options(plan), into: &chunk, worker)
    }
}
