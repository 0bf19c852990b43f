import Bytes
import CCurl
import Compression
import Webhooks

/// Posts batches to a host, over one connection for as long as it stays.
final class HTTPSink: Sink {
    private let destination: HTTPDestination
    private let contentType: StaticString
    /// Whether a post says its id, and signs itself where there is a key.
    private let isSigned: Bool
    /// With a NUL at its end.
    private let url: Wiped
    private var line: OpaquePointer?

    init(_ destination: HTTPDestination, contentType: StaticString, isSigned: Bool) {
        self.destination = destination
        self.contentType = contentType
        self.isSigned = isSigned
        url = Wiped(capacity: destination.url.count + 1) { writer in
            destination.url.withBytes { writer.append($0) }
            writer.append(0)
        }
    }

    deinit {
        if let line { curl_line_end(line) }
    }

    func take(_ batch: ExportBatch, timeoutNanoseconds: UInt64, wallNanoseconds: UInt64) -> SinkAnswer {
        if let fault = HTTPSink.libraryFault { return .failed(fault, pauseNanoseconds: nil) }
        if line == nil { line = curl_line_make() }
        guard let line else { return .failed("there is no memory for a connection", pauseNanoseconds: nil) }
        let (body, isPacked) = content(of: batch)
        let fields = fields(of: batch, body, isPacked: isPacked, wallSeconds: wallNanoseconds / 1_000_000_000)
        var (status, pause, count) = (0, 0, 0)
        var said = [CChar](repeating: 0, count: ExporterLimits.answerByteCount)
        var error = [CChar](repeating: 0, count: 256)
        // libcurl takes a whole millisecond at least.
        let milliseconds = Int(clamping: max(1, timeoutNanoseconds / 1_000_000))
        let code = body.withByteSlice { body in
            url.withBytes { url in
                fields.withBytes { fields in
                    curl_line_post(
                        line, HTTPSink.characters(url), HTTPSink.characters(body), body.count, HTTPSink.characters(fields), destination.caFile, milliseconds,
                        &said, said.count, &count, ExporterLimits.skippedByteCount, &status, &pause, &error)
                }
            }
        }
        guard status != 0 || code == 0 else { return .failed(HTTPSink.text(error), pauseNanoseconds: nil) }
        return HTTPSink.answer(status, retryAfterSeconds: pause, batch.form, said[..<count].map { UInt8(bitPattern: $0) })
    }

    /// What a status means for a batch: only of what is wrong with the batch itself it is said that it will never be taken. A credential, an address or a
    /// limit that is wrong can be put right, and the journal has what waits.
    static func answer(_ status: Int, retryAfterSeconds: Int, _ form: ExportForm, _ said: [UInt8]) -> SinkAnswer {
        switch status {
        case 200..<300:
            guard case .spans = form, let partial = PartialSuccess(said, isCut: said.count >= ExporterLimits.answerByteCount) else { return .takenWhole }
            return .taken(rejected: partial.rejected, said: partial.message)
        case 400, 422: return .refused("it answered \(status)")
        case 413: return .tooLarge("it answered 413")
        case 300..<400: return .failed("it answered \(status), and redirects are not followed", pauseNanoseconds: nil)
        default: return .failed("it answered \(status)", pauseNanoseconds: retryAfterSeconds > 0 ? UInt64(retryAfterSeconds) * 1_000_000_000 : nil)
        }
    }

    /// What is posted; as it is where there is no memory to pack it in.
    func content(of batch: ExportBatch) -> (body: [UInt8], isPacked: Bool) {
        let body = batch.closed
        guard destination.isPacked, let packed = body.withByteSlice({ Gzip.packed($0) }) else { return (body, false) }
        return (packed, true)
    }

    /// `Name: value` one after the other, a NUL behind each and one more at the end.
    private func fields(of batch: ExportBatch, _ body: [UInt8], isPacked: Bool, wallSeconds: UInt64) -> Wiped {
        Wiped(capacity: ExporterLimits.ownFieldsByteCount + destination.fields.reduce(1) { $0 + $1.name.utf8.count + $1.value.count + 3 }) { writer in
            func field(_ name: StaticString, _ value: String) {
                writer.append(name)
                writer.append(value)
                writer.append(0)
            }
            field("content-type: ", contentType.description)
            field("user-agent: ", "sluice")
            if isPacked { field("content-encoding: ", "gzip") }
            // Nobody waits for an interim answer.
            field("expect:", "")
            if isSigned {
                field("webhook-id: ", batch.id)
                field("webhook-timestamp: ", "\(wallSeconds)")
                if let key = destination.key {
                    writer.append("webhook-signature: v1,")
                    SigningKey.signature(batch.id, wallSeconds, body, key).withByteSlice { writer.append(base64: $0) }
                    writer.append(0)
                }
            }
            for one in destination.fields {
                writer.append(one.name)
                writer.append(": ")
                one.value.withBytes { writer.append($0) }
                writer.append(0)
            }
            writer.append(0)
        }
    }

    /// Why libcurl cannot be used, where it cannot.
    private static let libraryFault: String? = {
        var error = [CChar](repeating: 0, count: 256)
        return curl_load(&error) == 0 ? nil : HTTPSink.text(error)
    }()

    private static func characters(_ bytes: ByteSlice) -> UnsafePointer<CChar> { UnsafeRawPointer(bytes.base).assumingMemoryBound(to: CChar.self) }

    private static func text(_ error: [CChar]) -> String { String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}
