import Books
import Bytes
import Foundation
import GRDB
import JSON

/// What of a record has a column of its own: what is filtered, summed and sorted by.
struct DayRow {
    let record: RequestRecord
    /// Tries of the same target again, of a request that came to be answered.
    let retries: Int
    /// Whether another target than the first answered.
    let isFallback: Bool

    init(_ record: RequestRecord) {
        self.record = record
        guard !record.attempts.isEmpty, record.isSuccess, case .array(let tries)? = DocumentParser.parse(record.attempts).document?.root.value else {
            retries = record.isSuccess ? max(0, Int(record.figures.attempts) - 1) : 0
            isFallback = false
            return
        }
        let targets = tries.compactMap { DayRow.text("target", of: $0) }
        retries = tries.filter { DayRow.text("why", of: $0) == "retry" }.count
        isFallback = targets.first != nil && targets.first != record.target && targets.contains(record.target)
    }

    private static func text(_ name: String, of node: DocumentNode) -> String? {
        guard case .object(let members) = node.value, case .string(let text)? = members.first(where: { $0.name == name })?.value.value else { return nil }
        return text
    }

    /// Milliseconds since 1970.
    var at: Int64 { Int64(clamping: record.figures.wallNanoseconds / 1_000_000) }
    var cost: Int64 { record.billedCost ?? 0 }
    var saved: Int64 { max(0, record.figures.saved) }
    var totalMicroseconds: Int64 { Int64(clamping: record.figures.totalNanoseconds / 1000) }
    var tokensIn: Int64 { record.billedInputTokens ?? 0 }
    var tokensOut: Int64 { record.billedOutputTokens ?? 0 }

    static let insertion = """
        INSERT INTO records (id, at, trace, span, workspace, key, virtual_key, user, config, endpoint, provider, model, served, status, cache, retries,
            fallback, tokens_in, tokens_out, cost, saved, total_us, metadata, record, prompt, prompt_version)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """

    /// - Parameter bytes: the record as it is in the journal.
    func arguments(_ bytes: ByteSlice) -> StatementArguments {
        let pairs = record.metadataPairs
        let user = pairs.first { $0.key == "_user" }?.value ?? ""
        let members = pairs.map { DocumentMember(name: $0.key, position: .start, value: DocumentNode(.string($0.value), at: .start)) }
        let metadata = DocumentNode(.object(members), at: .start)
        return [
            record.identifier.description, at, record.trace, record.span, record.workspace, record.key, record.virtualKey, user, record.config,
            record.endpoint, record.provider, record.model, record.served, Int64(record.figures.status), Int64(record.figures.cache.rawValue), Int64(retries),
            isFallback ? 1 : 0, tokensIn, tokensOut, cost, saved, totalMicroseconds, String(decoding: metadata.json, as: UTF8.self),
            Data(bytes: bytes.base, count: bytes.count), record.prompt, Int64(record.figures.promptVersion),
        ]
    }
}
