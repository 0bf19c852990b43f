import Bytes
import HTTP
import Ledger
import Policy
import Providers

/// The requests that a call of the Files or Batch API becomes, written.
extension Exchange {
    /// Writes the call's next request to its provider.
    func write(_ call: BatchCall, _ plan: Plan, to upstream: UpstreamCall, _ client: Client) throws(Rejection) {
        guard let place = plan.destination.batches else { throw Rejection(.internalFault) }
        let message = client.unread
        attempt.isLoose = request.fields.value(of: .portkeyStrictOpenAICompliance, in: message)?.equalsIgnoringCase("false") == true
        let site = call.leg.isStorage ? place.storage : place.jobs
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.batchHeadByteCount) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        writer.append(call.leg.method.spelling)
        writer.append(" ")
        let start = writer.count
        writer.append(site.base.slice)
        try writePath(call, plan, place, to: &writer)
        let path = writer.written.dropFirst(start)
        writeQuery(call, place, to: &writer)
        let query = writer.written.dropFirst(start + path.count)
        writer.append(" HTTP/1.1\r\nhost: ")
        writer.append(site.authority.slice)
        writer.append("\r\naccept-encoding: identity\r\n")
        let content = try content(of: call, place, message)
        try writeCredential(
            call, plan, place, message, client, content.bytes,
            path: path, query: query.isEmpty ? query : query.dropFirst(1), to: &writer)
        if call.leg.method == .put || call.leg.method == .post { writer.append(field: "content-length", decimal: UInt64(content.bytes.count)) }
        writer.appendEndOfHead()
        guard !writer.overflowed else { throw Rejection(.invalidHeader, "the target's header fields are too long") }
        worker.runs.append(writer.written)
        worker.runs.append(content.bytes)
        worker.runs.blocks.add(block)
        if let own = content.takeBlock() { worker.runs.blocks.add(own) }
    }

    /// What a request carries. What has no block of its own is the call's or the client's, who outlive the attempt.
    private struct Content: ~Copyable {
        var bytes = ByteSlice("")
        private var block: Block?

        init(_ bytes: ByteSlice) { self.bytes = bytes }

        init(_ block: consuming Block, count: Int) {
            bytes = block.slice(0..<count)
            self.block = consume block
        }

        consuming func takeBlock() -> Block? { block }
    }

    private func content(of call: BatchCall, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) -> Content {
        switch call.leg {
        case .put: return Content(call.isTranslated ? call.contentBytes : message[call.file])
        case .createJob:
            let byteCount = place.store == .amazon ? BedrockJob.byteCount(call.order) : VertexJob.byteCount(call.order)
            guard let block = worker.blocks.lease(atLeast: byteCount) else { throw Rejection(.overloaded) }
            var writer = ByteWriter(block.base, capacity: block.capacity)
            if place.store == .amazon {
                identifier.withBytesInPlace { BedrockJob.write(call.order, token: $0, to: &writer) }
            } else {
                VertexJob.write(call.order, to: &writer)
            }
            guard !writer.overflowed else { throw Rejection(.internalFault) }
            return Content(block, count: writer.count)
        case .head, .get, .delete, .getJob, .listJobs, .stopJob: return Content(ByteSlice(""))
        }
    }

    // MARK: Paths

    private func writePath(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, to writer: inout ByteWriter) throws(Rejection) {
        guard !call.leg.isStorage else {
            guard let object = call.object else { throw Rejection(.internalFault) }
            return object.writePath(to: &writer)
        }
        switch place.store {
        case .amazon:
            writer.append(call.leg == .listJobs ? "/model-invocation-jobs" : "/model-invocation-job")
            writeJob(call, to: &writer)
            if call.leg == .stopJob { writer.append("/stop") }
        case .google:
            guard let vertex = plan.destination.vertex else { throw Rejection(.internalFault) }
            vertex.writeJobs(to: &writer)
            writeJob(call, to: &writer)
            if call.leg == .stopJob { writer.append(":cancel") }
        }
    }

    private func writeJob(_ call: BatchCall, to writer: inout ByteWriter) {
        guard call.leg == .getJob || call.leg == .stopJob else { return }
        writer.append("/")
        call.job.withByteSlice { writer.append(percentEncoded: $0) }
    }

    /// The query with its question mark, by name, as a signature wants it.
    private func writeQuery(_ call: BatchCall, _ place: BatchPlace, to writer: inout ByteWriter) {
        guard call.leg == .listJobs else { return }
        switch place.store {
        case .amazon:
            writer.append("?maxResults=")
            writer.append(decimal: call.limit)
            writer.append("&sortBy=CreationTime&sortOrder=Descending")
            if !call.before.isEmpty {
                writer.append("&submitTimeBefore=")
                call.before.withBytesInPlace { writer.append(percentEncoded: $0) }
            }
        case .google:
            writer.append("?")
            if !call.before.isEmpty {
                writer.append("filter=create_time%3C%22")
                call.before.withBytesInPlace { writer.append(percentEncoded: $0) }
                writer.append("%22&")
            }
            writer.append("pageSize=")
            writer.append(decimal: call.limit)
        }
    }

    // MARK: Credentials

    private func writeCredential(
        _ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice, _ client: Client, _ content: ByteSlice,
        path: ByteSlice, query: ByteSlice, to writer: inout ByteWriter
    ) throws(Rejection) {
        let contentType: StaticString = call.leg == .put ? "application/octet-stream" : call.leg == .createJob ? "application/json" : ""
        if !ByteSlice(contentType).isEmpty { writer.append(field: "content-type", contentType) }
        let key = plan.destination.keys[attempt.key]
        guard let signer = try signer(of: key, call.leg.isStorage ? key.storageSigner : key.jobSigner) else {
            guard place.store == .google || !call.leg.isStorage else {
                throw Rejection(
                    .missingCredential, "files of \(plan.destination.upstream.id) are kept in S3, which takes no Bedrock API key: send x-portkey-aws-access-key-id",
                    parameter: "x-portkey-aws-access-key-id")
            }
            return try writeCredential(plan.destination, message, client, to: &writer)
        }
        let digest = call.leg == .put ? call.digest : nil
        var signed = AmazonRequest(method: call.leg.method.spelling, path: path, payload: digest ?? PayloadDigest(of: content))
        signed.query = query
        signed.contentType = ByteSlice(contentType)
        var time = AmazonTime(wallSeconds: worker.wallNanoseconds() / 1_000_000_000).text
        time.withBytesInPlace { time in
            call.encryption.withByteSlice { encryption in
                call.encryptionKey.withByteSlice { encryptionKey in
                    if call.leg == .put {
                        signed.encryption = encryption
                        signed.encryptionKey = encryptionKey
                    }
                    signer.sign(signed, time: time, to: &writer)
                }
            }
        }
    }
}
