public import Bytes
public import JSON

/// A batch as OpenAI's API tells of it, read from a provider's job.
/// - Source: platform.openai.com/docs/api-reference/batch/object
public struct BatchRecord {
    public enum Status: UInt8, BitwiseCopyable, Sendable {
        case validating, inProgress, completed, failed, expired, cancelling, cancelled

        var word: StaticString {
            switch self {
            case .validating: "validating"
            case .inProgress: "in_progress"
            case .completed: "completed"
            case .failed: "failed"
            case .expired: "expired"
            case .cancelling: "cancelling"
            case .cancelled: "cancelled"
            }
        }

        /// What the time of a batch that came to this end is called; nil while it goes on.
        var time: StaticString? {
            switch self {
            case .validating, .inProgress, .cancelling: nil
            case .completed: "completed_at"
            case .failed: "failed_at"
            case .expired: "expired_at"
            case .cancelled: "cancelled_at"
            }
        }
    }

    /// The provider's, decoded; written percent-encoded, so that it can stand in a path.
    public var id: [UInt8] = []
    public var status = Status.validating
    public var model: [UInt8] = []
    /// Whether its requests are for embeddings, and not for chats.
    public var isEmbedding = false
    /// Addresses in buckets, decoded; empty for none.
    public var input: [UInt8] = []
    public var output: [UInt8] = []
    /// What went wrong, in the provider's words.
    public var message: [UInt8] = []
    /// Seconds since 1970; nil for what has not happened.
    public var createdAt: Int64?
    public var startedAt: Int64?
    public var endedAt: Int64?
    public var expiresAt: Int64?
    public var total: Int64 = 0
    public var succeeded: Int64 = 0
    public var failed: Int64 = 0
    public var hours: Int64?

    public init() {}

    /// Room that `write` needs, in bytes.
    public var byteCount: Int { 1024 + 3 * (id.count + input.count + output.count) + 6 * (model.count + message.count) }

    public func write(to writer: inout ByteWriter) {
        writer.append("{\"id\":\"")
        id.withByteSlice { writer.append(percentEncoded: $0) }
        writer.append("\",\"object\":\"batch\",\"endpoint\":\"")
        writer.append(isEmbedding ? "/v1/embeddings" : "/v1/chat/completions")
        writer.append("\",\"errors\":")
        writeErrors(to: &writer)
        write("input_file_id", input, to: &writer)
        writer.append(",\"completion_window\":\"")
        writer.append(decimal: Int(clamping: hours ?? 24))
        writer.append("h\",\"status\":\"")
        writer.append(status.word)
        writer.append("\"")
        write("output_file_id", output, to: &writer)
        writer.append(",\"error_file_id\":null")
        write("created_at", createdAt, to: &writer)
        write("in_progress_at", startedAt, to: &writer)
        write("expires_at", expiresAt, to: &writer)
        if let time = status.time { write(time, endedAt, to: &writer) }
        writer.append(",\"request_counts\":{\"total\":")
        writer.append(decimal: Int(total))
        writer.append(",\"completed\":")
        writer.append(decimal: Int(succeeded))
        writer.append(",\"failed\":")
        writer.append(decimal: Int(failed))
        writer.append("}")
        if !model.isEmpty { writer.append(member: "model", model) }
        writer.append(",\"metadata\":null}")
    }

    private func writeErrors(to writer: inout ByteWriter) {
        guard !message.isEmpty else { return writer.append("null") }
        writer.append("{\"object\":\"list\",\"data\":[{\"code\":\"")
        writer.append(status.word)
        writer.append("\"")
        writer.append(member: "message", message)
        writer.append(",\"line\":null,\"param\":null}]}")
    }

    /// An address as a file's id.
    private func write(_ name: StaticString, _ address: [UInt8], to writer: inout ByteWriter) {
        writer.append(",\"")
        writer.append(name)
        guard !address.isEmpty else { return writer.append("\":null") }
        writer.append("\":\"")
        address.withByteSlice { writer.append(percentEncoded: $0) }
        writer.append("\"")
    }

    private func write(_ name: StaticString, _ seconds: Int64?, to writer: inout ByteWriter) {
        writer.append(",\"")
        writer.append(name)
        writer.append("\":")
        if let seconds { writer.append(decimal: Int(seconds)) } else { writer.append("null") }
    }
}

/// A page of batches as OpenAI's API lists them.
public struct BatchPage {
    public var records: [BatchRecord] = []
    /// Whether there are older ones.
    public var hasMore = false

    public init() {}

    /// Room that `write` needs, in bytes.
    public var byteCount: Int { records.reduce(256) { $0 + $1.byteCount + 6 * $1.id.count } }

    public func write(to writer: inout ByteWriter) {
        writer.append("{\"object\":\"list\",\"data\":[")
        for (index, record) in records.enumerated() {
            if index > 0 { writer.append(",") }
            record.write(to: &writer)
        }
        writer.append("],\"first_id\":")
        write(records.first?.id, to: &writer)
        writer.append(",\"last_id\":")
        write(records.last?.id, to: &writer)
        writer.append(hasMore ? ",\"has_more\":true}" : ",\"has_more\":false}")
    }

    private func write(_ id: [UInt8]?, to writer: inout ByteWriter) {
        guard let id else { return writer.append("null") }
        writer.append("\"")
        id.withByteSlice { writer.append(percentEncoded: $0) }
        writer.append("\"")
    }
}

/// What an upload, or a look at a file, is answered with.
/// - Source: platform.openai.com/docs/api-reference/files/object
public struct FileRecord {
    /// Its address in a bucket, decoded.
    public var address: [UInt8] = []
    public var purpose: [UInt8] = []
    public var size: Int64 = 0
    /// Seconds since 1970.
    public var createdAt: Int64 = 0

    public init() {}

    /// Room that either form needs, in bytes.
    public var byteCount: Int { 512 + 9 * address.count + 6 * purpose.count }

    public func write(to writer: inout ByteWriter) {
        writeID(to: &writer)
        writer.append(",\"object\":\"file\",\"bytes\":")
        writer.append(decimal: Int(size))
        writer.append(",\"created_at\":")
        writer.append(decimal: Int(createdAt))
        let name = address.lastIndex(of: UInt8(ascii: "/")).map { [UInt8](address[($0 + 1)...]) } ?? address
        writer.append(member: "filename", name)
        writer.append(member: "purpose", purpose)
        writer.append(",\"status\":\"processed\",\"status_details\":null}")
    }

    public func writeDeleted(to writer: inout ByteWriter) {
        writeID(to: &writer)
        writer.append(",\"object\":\"file\",\"deleted\":true}")
    }

    private func writeID(to writer: inout ByteWriter) {
        writer.append("{\"id\":\"")
        address.withByteSlice { writer.append(percentEncoded: $0) }
        writer.append("\"")
    }
}

/// Times as the clouds' APIs write them.
public enum CloudTime {
    /// Seconds since 1970 in `2024-08-01T12:30:00.123Z`, or of a number of seconds; nil for what is neither.
    /// - Source: RFC 3339 §5.6; only UTC is written by the services that are read
    public static func seconds(_ value: JSONValue?) -> Int64? {
        guard let value else { return nil }
        if let text = value.string?.plain { return seconds(text) }
        guard value.isNumber else { return nil }
        return value.bytes.prefix(value.bytes.firstIndex(of: UInt8(ascii: ".")) ?? value.bytes.count).decimal.flatMap { $0 <= Limits.cloudSeconds ? $0 : nil }
    }

    public static func seconds(_ text: ByteSlice) -> Int64? {
        guard text.count >= 20, text.count <= 40, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            text[text.count - 1] == UInt8(ascii: "Z") || text.dropFirst(text.count - 6) == "+00:00"
        else { return nil }
        guard let year = text[0..<4].decimal, let month = text[5..<7].decimal, let day = text[8..<10].decimal, let hour = text[11..<13].decimal,
            let minute = text[14..<16].decimal, let second = text[17..<19].decimal,
            year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        return days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Days since 1970 of a date of the Gregorian calendar.
    /// - Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension JSONString {
    /// The text, decoded. Not for the hot path.
    public var decoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: content.count) { room, count in
            guard let start = room.baseAddress else { return }
            // An escape is never shorter than what it stands for.
            var writer = ByteWriter(start, capacity: room.count)
            decode(into: &writer)
            count = writer.count
        }
    }
}
