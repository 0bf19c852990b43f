import Bytes
import HTTP
import JSON
import Ledger
import Policy
import Providers

/// The rows of an upload, said one by one in the form of the provider's batches.
extension Exchange {
    /// Takes as many rows as a turn has time for; false when some are left.
    func takeRows(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ client: Client) throws(Rejection) -> Bool {
        let file = client.unread[call.file]
        while call.taken < file.count {
            guard worker.turnByteCount <= GatewayLimits.bytesPerTurn else {
                client.setDeadline(attempt.totalDeadline)
                worker.resume(client.token)
                return false
            }
            guard call.isTranslated else {
                // Kept as it is: only its digest takes time.
                let part = file[call.taken..<min(file.count, call.taken + GatewayLimits.bytesPerTurn)]
                if place.store == .amazon { call.hash.add(part) }
                count(part.count, in: call)
                continue
            }
            let end = file.firstIndex(of: UInt8(ascii: "\n"), from: call.taken) ?? file.count
            let line = Exchange.withoutReturn(file[call.taken..<end])
            call.lineCount += 1
            count(min(file.count, end + 1) - call.taken, in: call)
            if !line.isEmpty { try takeRow(line, call, plan, place, client.unread) }
        }
        if call.isTranslated, call.rowCount == 0 { throw Rejection(.invalidBody, "the file has no requests: each is a line of JSON", parameter: "file") }
        if place.store == .amazon { call.digest = call.hash.finish() }
        notes = call.notes
        call.isReady = true
        return true
    }

    private func count(_ byteCount: Int, in call: BatchCall) {
        call.taken += byteCount
        worker.turnByteCount &+= byteCount
    }

    private static func withoutReturn(_ line: ByteSlice) -> ByteSlice {
        let line = line.trimmed
        return !line.isEmpty && line[line.count - 1] == UInt8(ascii: "\r") ? line.prefix(line.count - 1).trimmed : line
    }

    private func takeRow(_ line: ByteSlice, _ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        let before = call.contentCount
        do throws(Rejection) {
            let row: BatchRow
            do throws(TranslationFault) { row = try BatchRow(line, &call.tape) } catch { throw Rejection(error) }
            try write(row, call, plan, place, message)
        } catch {
            guard error.refusal != .overloaded else { throw error }
            var named = error
            named.message = "line \(call.lineCount) of the file: \(error.message)"
            throw named
        }
        call.rowCount += 1
        if place.store == .amazon { call.hash.add(call.contentBytes.dropFirst(before)) }
    }

    private func write(_ row: BatchRow, _ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        try scanBody(row.body)
        worker.scanOwner = nil
        let model = try rowModel(plan, place, message)
        do throws(SpliceError) {
            try editRow(row.body, model, plan)
        } catch {
            throw Rejection(.invalidJSON, "its body cannot be edited as the config asks: \(error)")
        }
        let form: BatchRow.Form = model.vertex.map { BatchRow.Form($0) } ?? .record
        guard let merged = worker.blocks.lease(atLeast: worker.splice.byteCount) else { throw Rejection(.overloaded) }
        var body = ByteWriter(merged.base, capacity: merged.capacity)
        worker.splice.write(into: &body)
        let source = body.written
        var options = RequestOptions()
        options.isVertex = model.vertex != nil
        guard !row.isEmbedding || model.vertex?.publisher == .google else {
            throw Rejection(.unsupportedContent, "url: batches of this model are of /v1/chat/completions", parameter: "url")
        }
        var dropped = TranslationNotes()
        let limit = 4 * worker.limits.bodyByteCount + GatewayLimits.translationSlackByteCount
        let isWritten = try call.write(
            atLeast: row.byteCount + 2 * source.count + GatewayLimits.translationSlackByteCount, limit: limit, worker.blocks
        ) { (writer) throws(Rejection) in
            guard !row.isEmbedding else {
                do throws(TranslationFault) {
                    return try row.writeEmbedding(source, &call.tape, to: &writer, &dropped)
                } catch {
                    throw Rejection(error)
                }
            }
            row.writeStart(form, to: &writer)
            if form == .openAI { writer.append(source) } else { try translate(source, to: model.vertex?.dialect ?? .bedrock, options, &writer) }
            row.writeEnd(to: &writer)
        }
        guard isWritten else { throw Rejection(.overloaded, "the file is too long, in the provider's form, to be held") }
        if !row.isEmbedding, form != .openAI { dropped = worker.translator.notes }
        guard !dropped.isEmpty else { return }
        try refuseDropped(dropped, message)
        call.notes.add(dropped)
    }

    private func translate(_ source: ByteSlice, to dialect: Dialect, _ options: RequestOptions, _ writer: inout ByteWriter) throws(Rejection) {
        // Which path would go with it is not asked: a job names its model.
        var path = ByteWriter(worker.pathScratch, capacity: GatewayLimits.translatedPathByteCount)
        do throws(TranslationFault) {
            try worker.translator.writeRequest(source, Translation(.chat, from: .openAI, to: dialect), options, to: &writer, path: &path)
        } catch {
            throw Rejection(error)
        }
    }

    // MARK: Models

    /// The model of a row.
    private struct RowModel {
        /// As JSON, in the worker's scratch: as the row's writer wants to read it.
        var name: ByteSlice
        /// Whose it is, at Vertex AI.
        var vertex: VertexModel?
    }

    /// The config's or the request's model, else that of the row just scanned.
    private func rowModel(_ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) -> RowModel {
        let header: StaticString = place.store == .amazon ? "x-portkey-aws-bedrock-model" : "x-portkey-provider-model"
        var scratch = ByteWriter(worker.routingScratch, capacity: GatewayLimits.routingTextByteCount)
        if !place.model.isEmpty {
            place.model.withByteSlice { scratch.append(jsonContent: $0) }
        } else if place.takesHeaders, let named = field(header, message) {
            scratch.append(jsonContent: named)
        } else if let own = plan.destination.overriddenModel?.slice {
            scratch.append(own)
        } else if let own = worker.scan.string("model") {
            scratch.append(own.content)
        }
        guard scratch.count > 0, !scratch.overflowed else {
            throw Rejection(.invalidBody, "names no model: send \(header), or name one in each request", parameter: "model")
        }
        let content = scratch.written
        let vertex = place.store == .google ? VertexModel(named: content) : nil
        let start = content.count
        scratch.append("\"")
        if vertex?.naming(at: .chatCompletions) == .slashed { scratch.append("meta/") }
        scratch.append(content.dropFirst(vertex?.prefixByteCount ?? 0))
        scratch.append("\"")
        guard !scratch.overflowed else { throw Rejection(.invalidBody, "the model's name is too long", parameter: "model") }
        return RowModel(name: scratch.written.dropFirst(start), vertex: vertex)
    }

    /// Lays the target's overrides over a row's body, and the model over both.
    private func editRow(_ body: ByteSlice, _ model: RowModel, _ plan: Plan) throws(SpliceError) {
        worker.splice.begin(body)
        try worker.splice.set("model", model.name, in: worker.scan)
        let program = plan.route.program
        for override in program.overrides(plan.destination.overrides) {
            let name = program.bytes(override.name)
            guard !Exchange.isOfBatches(name) else { continue }
            try worker.splice.set(name, program.bytes(override.value), in: worker.scan)
        }
    }

    /// Whether a member is the batch's, or has been seen to, and is none of a request's in it.
    static func isOfBatches(_ name: ByteSlice) -> Bool {
        for own in ["model", "stream", "role_arn", "job_name", "output_data_config", "model_invocation_type", "input_file_id", "endpoint", "completion_window"]
            as [StaticString] where name == own { return true }
        return false
    }
}
