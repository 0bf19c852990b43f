import Bytes
import Cache

/// An answer as the cache keeps it: one run of bytes.
///
///     figures │ header fields, content-length, empty line │ body
struct StoredAnswer {
    /// What is told of it without reading it.
    struct Figures: BitwiseCopyable {
        /// From the fields to the empty line.
        var fieldsByteCount: UInt32 = 0
        var isStream = false
        /// It calls tools, which not everybody wants to be kept.
        var callsTools = false
        var cost = AnswerCost()
        var provider = InlineText<32>()
    }

    let figures: Figures
    /// Ready to stand behind a status line and the fields of the request's own.
    let fields: ByteSlice
    let body: ByteSlice

    /// The fields but for the last, which states the length, and for the empty line.
    var fieldsWithoutLength: ByteSlice {
        var end = max(0, fields.count - 4)
        while end > 0, fields[end - 1] != UInt8(ascii: "\n") { end -= 1 }
        return fields.prefix(end)
    }

    /// - Parameter bytes: as `blob` made them, alive as long as this is used.
    init?(_ bytes: ByteSlice) {
        let start = MemoryLayout<Figures>.size
        guard bytes.count >= start else { return nil }
        figures = UnsafeRawPointer(bytes.base).loadUnaligned(as: Figures.self)
        guard Int(figures.fieldsByteCount) <= bytes.count - start else { return nil }
        fields = bytes[start..<start + Int(figures.fieldsByteCount)]
        body = bytes.dropFirst(start + fields.count)
    }

    /// The answer in one piece; nil when there is no memory for it.
    ///
    /// - Parameters:
    ///   - fields: each with its line end.
    ///   - fill: writes the body, and may yet say more of it.
    static func blob(_ figures: Figures, fields: ByteSlice, bodyByteCount: Int, _ fill: (UnsafeMutablePointer<UInt8>, inout Figures) -> Void) -> CacheBlob? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: lengthByteCount) { room in
            guard let base = room.baseAddress else { return nil }
            var length = ByteWriter(base, capacity: room.count)
            length.append(field: "content-length", decimal: UInt64(bodyByteCount))
            length.appendEndOfHead()
            var figures = figures
            figures.fieldsByteCount = UInt32(clamping: fields.count + length.count)
            let start = MemoryLayout<Figures>.size
            return CacheBlob(byteCount: start + fields.count + length.count + bodyByteCount) { place in
                fill(place + start + fields.count + length.count, &figures)
                UnsafeMutableRawPointer(place).storeBytes(of: figures, as: Figures.self)
                (place + start).update(from: fields.base, count: fields.count)
                (place + start + fields.count).update(from: length.base, count: length.count)
            }
        }
    }

    /// Room for the field of the length.
    private static let lengthByteCount = 64
}

/// Which fields of an answer's head go with it wherever it is told again.
enum StoredFields {
    /// Appends those of `lines` that do, each line with its end.
    static func append(_ lines: ByteSlice, leavingOut other: StaticString = "", to writer: inout ByteWriter) {
        var start = 0
        while start < lines.count {
            let end = lines.firstIndex(of: UInt8(ascii: "\n"), from: start).map { $0 + 1 } ?? lines.count
            let line = lines[start..<end]
            let name = line.prefix(line.firstIndex(of: UInt8(ascii: ":")) ?? 0)
            if !name.isEmpty, goes(name), !name.equalsIgnoringCase(other) { writer.append(line) }
            start = end
        }
    }

    private static func goes(_ name: ByteSlice) -> Bool {
        for own in names where name.equalsIgnoringCase(own) { return false }
        for prefix in prefixes where name.hasPrefix(ignoringCase: prefix) { return false }
        return true
    }

    /// What was true of one sending only: its moment, its caller's quotas, its way.
    private static let names: [StaticString] = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "date", "age", "expires", "set-cookie", "retry-after", "server-timing",
        "openai-processing-ms", "x-envoy-upstream-service-time", "alt-svc", "via", "server", "report-to", "nel", "strict-transport-security",
        "x-accel-buffering", "cache-control", "vary", "etag", "last-modified", "accept-ranges",
        // Whose account it was: readers may have another.
        "openai-organization", "openai-project", "anthropic-organization-id",
    ]
    private static let prefixes: [StaticString] = ["x-ratelimit-", "anthropic-ratelimit-", "ratelimit", "cf-", "x-portkey-trace", "access-control-"]
}
