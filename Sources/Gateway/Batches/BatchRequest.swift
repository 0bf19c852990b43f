import Bytes
import Guardrails
import HTTP
import JSON
import Ledger
import Policy
import Providers

/// Requests of the Files and Batch APIs on their way to a provider that keeps files in buckets; see `BatchCall`.
extension Exchange {
    /// Notes that the request is one, where a destination of its route wants to know; true when its body has to come first.
    func noteBatch(_ route: Route, _ message: ByteSlice) -> Bool {
        guard route.keepsFilesElsewhere, endpoint == .files || endpoint == .batches else { return false }
        if batch == nil, let route = BatchRoute(method: message[request.methodRange], path: request.path(in: message)) { batch = BatchCall(route) }
        guard body.mode == .streamed else { return false }
        // Said anew, or for a target after this one, it is replayed: all of it has to be here.
        body.mode = .collected
        return true
    }

    /// Whether a provider that keeps its files in buckets has what is asked for.
    func checkBatch(at destination: Destination) throws(Rejection) {
        guard let batch, batch.operation != .listFiles else {
            throw Rejection(.unsupportedEndpoint, "\(destination.upstream.id) keeps files in buckets, and lists none: ask for a file by its id")
        }
    }

    /// Makes the request ready for the decision's target; false when more turns are needed for that.
    func prepare(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ client: Client) throws(Rejection) -> Bool {
        let message = client.unread
        if call.target != plan.targetIndex {
            call.begin(target: plan.targetIndex)
            try begin(call, plan, place, message)
        }
        guard call.operation == .upload, !call.isReady else { return true }
        return try takeRows(call, plan, place, client)
    }

    private func begin(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        switch call.operation {
        case .upload:
            call.leg = .put
            try beginUpload(call, plan, place, message)
        case .file, .content, .deleteFile:
            call.leg = call.operation == .file ? .head : call.operation == .content ? .get : .delete
            guard let object = BucketObject(place.store, id: call.id) else { throw noFile(call.id.withByteSlice { String($0) }, place) }
            try checkReach(object, plan, place, "file_id")
            call.object = object
        case .create:
            call.leg = .createJob
            try readOrder(call, plan, place, message)
        case .list:
            call.leg = .listJobs
            try readPage(call, place, message)
        case .batch, .output, .cancel:
            call.leg = call.operation == .cancel ? .stopJob : .getJob
            call.job = try job(call.id, place)
        case .listFiles: break
        }
    }

    func noFile(_ id: String, _ place: BatchPlace) -> Rejection {
        Rejection(.invalidBody, "\"\(id)\" is the id of no file: such an id is the percent-encoded address \(place.store.scheme)BUCKET/KEY", parameter: "file_id")
    }

    private func job(_ id: [UInt8], _ place: BatchPlace) throws(Rejection) -> [UInt8] {
        let id = id.contains(UInt8(ascii: "%")) ? id.withByteSlice { PercentText.decoded($0) } : id
        let isID = id.withByteSlice { place.store == .amazon ? BedrockJob.isID($0) : VertexJob.isID($0) }
        guard isID else { throw Rejection(.notFound, "there is no batch with this id", parameter: "batch_id") }
        return id
    }

    // MARK: Whose buckets

    /// A value of the config's, else of the request's header.
    private func setting(_ configured: [UInt8], _ header: StaticString, _ place: BatchPlace, _ message: ByteSlice) -> [UInt8] {
        guard configured.isEmpty, place.takesHeaders else { return configured }
        return field(header, message).map { [UInt8]($0) } ?? []
    }

    func field(_ name: StaticString, _ message: ByteSlice) -> ByteSlice? {
        guard request.fields.contains(.otherPortkey), let index = request.fields.firstIndex(named: ByteSlice(name), in: message) else { return nil }
        let value = message[request.fields[index].valueRange].trimmed
        return value.isEmpty ? nil : value
    }

    private func bucketHeader(_ place: BatchPlace) -> StaticString {
        place.store == .amazon ? "x-portkey-aws-s3-bucket" : "x-portkey-vertex-storage-bucket-name"
    }

    /// With a credential of the operator's callers reach the bucket that the operator's config names, and no other.
    func checkReach(_ object: BucketObject, _ plan: Plan, _ place: BatchPlace, _ parameter: String) throws(Rejection) {
        guard plan.destination.usesOperatorCredential(forWhoBrings: caller.bringsCredential) else { return }
        guard place.isOperators, object.bucket == place.bucket else { throw ownBucketOnly(place, parameter) }
    }

    private func ownBucketOnly(_ place: BatchPlace, _ parameter: String) -> Rejection {
        let key = place.store == .amazon ? "aws_s3_bucket" : "vertex_storage_bucket_name"
        return Rejection(
            .invalidHeader, "requests with the gateway's own credential go to the bucket that a config of its own names with \(key), and to no other",
            parameter: parameter)
    }

    // MARK: Uploads

    private func beginUpload(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        let form: UploadForm
        do throws(TranslationFault) {
            form = try UploadForm(message[body.range], contentType: request.fields.value(of: .contentType, in: message) ?? ByteSlice(""))
        } catch {
            throw Rejection(error)
        }
        guard form.hasFile else { throw Rejection(.invalidBody, "the form has no \"file\"", parameter: "file") }
        let purpose = field("x-portkey-file-purpose", message) ?? form.purpose
        // `upload` is Portkey's word for a file that is kept as it is.
        guard purpose == "batch" || purpose == "upload" else {
            throw Rejection(
                .unsupportedContent, "files of \(plan.destination.upstream.id) are for batches: \"purpose\" is \"batch\", or \"upload\" for one that is kept as it is",
                parameter: "purpose")
        }
        call.purpose = [UInt8](purpose)
        call.isTranslated = purpose == "batch"
        let start = form.file.base - message.base
        call.file = form.file.isEmpty ? body.range.lowerBound..<body.range.lowerBound : start..<start + form.file.count
        call.object = try newObject(plan, place, message)
        try readEncryption(call, plan, place, message)
    }

    /// Where an upload goes.
    private func newObject(_ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) -> BucketObject {
        let header = bucketHeader(place)
        let bucket = setting(place.bucket, header, place, message)
        guard !bucket.isEmpty else {
            let key = place.store == .amazon ? "aws_s3_bucket" : "vertex_storage_bucket_name"
            throw Rejection(.invalidHeader, "\(plan.destination.upstream.id) keeps files in a bucket: send \(header) or set \(key)", parameter: "\(header)")
        }
        guard BucketName.isBucket(bucket) else {
            throw Rejection(.invalidHeader, "\(header) is 3 to \(PolicyLimits.bucketByteCount) small letters, digits, \".\", \"-\" and \"_\"", parameter: "\(header)")
        }
        let keyHeader: StaticString = place.store == .amazon ? "x-portkey-aws-s3-object-key" : "x-portkey-provider-file-name"
        var key = setting(place.key, keyHeader, place, message)
        if plan.destination.usesOperatorCredential(forWhoBrings: caller.bringsCredential), !place.isOperators || place.bucket.isEmpty || place.key != key {
            throw ownBucketOnly(place, place.bucket.isEmpty || !place.isOperators ? "\(header)" : "\(keyHeader)")
        }
        if key.isEmpty {
            identifier.withBytesInPlace { key = [UInt8]($0) }
            key += ".jsonl".utf8
        }
        guard BucketName.isKey(key) else {
            throw Rejection(
                .invalidHeader, "\(keyHeader) is up to \(PolicyLimits.objectKeyByteCount) bytes without empty segments, \".\", \"..\" and \"*\"", parameter: "\(keyHeader)")
        }
        return BucketObject(place.store, bucket: bucket, key: key)
    }

    private func readEncryption(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        guard place.store == .amazon else { return }
        let header: StaticString = "x-portkey-amz-server-side-encryption"
        let keyHeader: StaticString = "x-portkey-amz-server-side-encryption-aws-kms-key-id"
        call.encryption = setting(place.encryption, header, place, message)
        call.encryptionKey = setting(place.encryptionKey, keyHeader, place, message)
        let isOtherEncryption = call.encryption != place.encryption || call.encryptionKey != place.encryptionKey
        if isOtherEncryption, plan.destination.usesOperatorCredential(forWhoBrings: caller.bringsCredential) {
            throw ownBucketOnly(place, "\(keyHeader)")
        }
        if !call.encryptionKey.isEmpty, call.encryption.isEmpty { call.encryption = Array("aws:kms".utf8) }
        guard call.encryption.isEmpty || BucketName.encryptions.contains(String(decoding: call.encryption, as: UTF8.self)) else {
            throw Rejection(.invalidHeader, "\(header) is one of \(BucketName.encryptions.joined(separator: ", "))", parameter: "\(header)")
        }
        guard call.encryptionKey.count <= PolicyLimits.roleByteCount else {
            throw Rejection(.invalidHeader, "\(keyHeader) is up to \(PolicyLimits.roleByteCount) bytes", parameter: "\(keyHeader)")
        }
    }

    // MARK: New batches

    private func readOrder(_ call: BatchCall, _ plan: Plan, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        try scanBody(message[body.range])
        worker.scanOwner = nil
        let content = message[body.range]
        let isOperators = plan.destination.usesOperatorCredential(forWhoBrings: caller.bringsCredential)
        call.order = BatchOrder()
        guard let input = try text("input_file_id", plan, content) else {
            throw Rejection(.invalidBody, "input_file_id: required, the id of a file", parameter: "input_file_id")
        }
        guard let object = BucketObject(place.store, id: input) else { throw noFile(input.withByteSlice { String($0) }, place) }
        try checkReach(object, plan, place, "input_file_id")
        call.object = object
        call.order.input = object.address
        if let endpoint = try text("endpoint", plan, content), !endpoint.elementsEqual("/v1/chat/completions".utf8) {
            guard place.store == .google, endpoint.elementsEqual("/v1/embeddings".utf8) else {
                let others = place.store == .google ? " or /v1/embeddings" : ""
                throw Rejection(.unsupportedContent, "endpoint: batches of this provider are of /v1/chat/completions\(others)", parameter: "endpoint")
            }
        }
        let header: StaticString = place.store == .amazon ? "x-portkey-aws-bedrock-model" : "x-portkey-provider-model"
        call.order.model = try text("model", plan, content) ?? setting(place.model, header, place, message)
        guard !call.order.model.isEmpty else {
            let key = place.store == .amazon ? "aws_bedrock_model" : "vertex_model_name"
            throw Rejection(.invalidBody, "a batch of this provider's is for one model: send \"model\" in its body or \(header), or set \(key)", parameter: "model")
        }
        call.order.output = try output(of: object, plan, place, content)
        call.order.name = try text("job_name", plan, content) ?? identifier.withBytes { Array("sluice-".utf8) + [UInt8]($0) }
        if let window = try text("completion_window", plan, content) { call.order.hours = window.withByteSlice { BatchOrder.hours(in: $0) } }
        notes.removeAll()
        if let root = JSONView(objectIn: content) {
            for (name, value) in root.members where value.kind != .null && !Exchange.isOfBatches(name.content) { notes.drop(name.content) }
        }
        guard place.store == .amazon else { return }
        try readRole(call, plan, content, isOperators: isOperators)
        if let type = try text("model_invocation_type", plan, content) { call.order.isConverse = !type.elementsEqual("InvokeModel".utf8) }
        try readEncryption(call, plan, place, message)
        call.order.encryptionKey = call.encryptionKey
        guard call.order.name.withByteSlice({ BedrockJob.isName($0) }) else {
            throw Rejection(.invalidBody, "job_name: up to 63 letters, digits, \"-\", \".\" and \"+\"", parameter: "job_name")
        }
    }

    /// The role a job acts in. With a credential of the operator's it is the operator's choice, too.
    private func readRole(_ call: BatchCall, _ plan: Plan, _ content: ByteSlice, isOperators: Bool) throws(Rejection) {
        guard let role = try text("role_arn", plan, content) else {
            throw Rejection(
                .invalidBody, "role_arn: required, the ARN of the role that reads and writes the bucket for Bedrock; a config may set it in override_params",
                parameter: "role_arn")
        }
        guard AmazonName.isRole(role) else {
            throw Rejection(.invalidBody, "role_arn: an ARN such as arn:aws:iam::123456789012:role/name", parameter: "role_arn")
        }
        if isOperators, !plan.route.isOperatorConfig || override("role_arn", plan) == nil {
            throw Rejection(
                .invalidBody, "role_arn: with the gateway's own credential a batch runs in the role that a config of its own sets in override_params",
                parameter: "role_arn")
        }
        call.order.role = role
    }

    /// The folder of a batch's answers: the input's, unless the request names one.
    private func output(of input: BucketObject, _ plan: Plan, _ place: BatchPlace, _ content: ByteSlice) throws(Rejection) -> [UInt8] {
        let asked: JSONView?
        do throws(TextFault) { asked = try member("output_data_config", plan, content) } catch { throw Rejection(error) }
        guard let asked, asked.kind != .null else { return input.folder.address }
        let address = asked.string ?? asked.child(ByteSlice("s3OutputDataConfig"))?.child(ByteSlice("s3Uri"))?.string
        guard let address, let folder = BucketObject(place.store, address: decodedAddress(address.decoded), isFolder: true) else {
            throw Rejection(.invalidBody, "output_data_config: an address such as \(place.store.scheme)BUCKET/FOLDER/", parameter: "output_data_config")
        }
        try checkReach(folder, plan, place, "output_data_config")
        return folder.address
    }

    private func decodedAddress(_ text: [UInt8]) -> [UInt8] { text.contains(UInt8(ascii: "/")) ? text : text.withByteSlice { PercentText.decoded($0) } }

    /// A text of the body's as the target will be asked it: the config's, else the client's; nil for none.
    private func text(_ name: StaticString, _ plan: Plan, _ content: ByteSlice) throws(Rejection) -> [UInt8]? {
        let value: JSONView?
        do throws(TextFault) { value = try member(name, plan, content) } catch { throw Rejection(error) }
        guard let value, value.kind != .null else { return nil }
        guard let text = value.string, !text.content.isEmpty, text.content.count <= GatewayLimits.batchTextByteCount else {
            throw Rejection(.invalidBody, "\(name): a text of 1 to \(GatewayLimits.batchTextByteCount) bytes", parameter: "\(name)")
        }
        return text.decoded
    }

    // MARK: Lists

    /// `limit` and `after` of the request's query.
    private func readPage(_ call: BatchCall, _ place: BatchPlace, _ message: ByteSlice) throws(Rejection) {
        let target = message[request.targetRange]
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return }
        var rest = target.dropFirst(mark + 1)
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.count
            let pair = rest.prefix(end)
            rest = rest.dropFirst(min(end + 1, rest.count))
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals + 1 < pair.count else { continue }
            let value = pair.dropFirst(equals + 1)
            if pair.prefix(equals) == "limit" {
                guard let limit = value.decimal, (1...100).contains(limit) else {
                    throw Rejection(.invalidBody, "limit: a number from 1 to 100", parameter: "limit")
                }
                call.limit = Int(limit)
            } else if pair.prefix(equals) == "after" {
                // The provider pages by time: that of the batch is asked for first.
                call.job = try job(PercentText.decoded(value), place)
                call.leg = .getJob
            }
        }
    }
}
