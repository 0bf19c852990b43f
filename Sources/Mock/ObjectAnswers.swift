import Bytes
import HTTP

/// S3 and Cloud Storage, as far as files of batches need them: objects put, read, looked at and deleted, below `/s3/` and `/gcs/`.
/// - Source: Amazon S3 API Reference, "PutObject", "GetObject", "HeadObject", "DeleteObject"; cloud.google.com/storage/docs/xml-api
extension Connection {
    /// - Parameter path: `bucket/key`, percent-encoded.
    func answerObject(_ request: Request, scheme: StaticString, path: ByteSlice) {
        var key = [UInt8]("\(scheme)".utf8)
        PercentText.decode(path) { key.append($0) }
        if worker.options.isStrict, let fault = storeFault(request, scheme) { return failObject(request, fault.status, "AccessDenied", fault.sentence) }
        let store = worker.counters.store
        if request.method == "PUT" {
            guard store.put([UInt8](request.body), at: key, now: worker.wallSeconds) else {
                return failObject(request, 507, "InsufficientStorage", "the mock's store is full")
            }
            return finishObject(request, 200, "etag: \"mock\"\r\n")
        }
        guard let object = store.object(at: key) else {
            return failObject(request, request.method == "DELETE" ? 204 : 404, "NoSuchKey", "The specified key does not exist.")
        }
        if request.method == "DELETE" {
            store.remove(at: key)
            return finishObject(request, 204, "")
        }
        guard request.method == "GET" || request.isHead else { return failObject(request, 405, "MethodNotAllowed", "The specified method is not allowed.") }
        object.content.withByteSlice { worker.body.append($0) }
        worker.text.removeAll()
        worker.text.append("content-type: application/octet-stream\r\nlast-modified: ")
        var date = DateText()
        date.update(seconds: object.modifiedAt)
        date.withBytes { worker.text.append($0) }
        worker.text.append("\r\n")
        finishObject(request, 200, worker.text.bytes)
    }

    private func storeFault(_ request: Request, _ scheme: StaticString) -> RequestFault? {
        let fields = worker.requestHead.fields.value(of: .authorization, in: request.message) ?? ByteSlice("")
        guard ByteSlice(scheme) == "s3://" else {
            return fields.hasPrefix("Bearer ") ? nil : RequestFault(status: 401, "the request has no token in authorization")
        }
        // The signature itself is not checked, for want of the secret.
        guard fields.hasPrefix("AWS4-HMAC-SHA256 "), fields.firstRange(of: ByteSlice("/s3/aws4_request, SignedHeaders=")) != nil else {
            return RequestFault(status: 403, "S3 takes requests that are signed for s3")
        }
        for name in ["x-amz-date", "x-amz-content-sha256"] as [StaticString]
        where worker.requestHead.fields.firstIndex(named: ByteSlice(name), in: request.message) == nil {
            return RequestFault(status: 403, "the request is signed and lacks the field \(name)")
        }
        for index in 0..<worker.requestHead.fields.count {
            let name = request.message[worker.requestHead.fields[index].nameRange]
            guard name.hasPrefix(ignoringCase: "x-amz-"), fields.firstRange(of: name) == nil else { continue }
            return RequestFault(status: 403, "There were headers present in the request which were not signed: \(String(name))")
        }
        return nil
    }

    private func finishObject(_ request: Request, _ status: Int, _ fields: StaticString) { finishObject(request, status, ByteSlice(fields)) }

    private func finishObject(_ request: Request, _ status: Int, _ fields: ByteSlice) {
        var head = AnswerHead()
        head.status = status
        head.played = fields
        finish(request, head, Script())
    }

    private func failObject(_ request: Request, _ status: Int, _ code: StaticString, _ message: String) {
        worker.body.removeAll()
        if status >= 400 {
            worker.body.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>")
            worker.body.append(code)
            worker.body.append("</Code><Message>")
            Array(message.utf8).withByteSlice { worker.body.append($0) }
            worker.body.append("</Message><RequestId>req_mock</RequestId></Error>")
        }
        finishObject(request, status, "content-type: application/xml\r\n")
    }
}
