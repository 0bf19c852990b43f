import Bytes
import Foundation
import GRDB
import JSON

extension SQLiteStore {
    private static let columnList = (["sequence", "at"] + AuditEvent.columns + ["previous", "hash"]).joined(separator: ", ")

    // MARK: Writing

    public func record(_ event: AuditEvent) throws(StoreError) {
        var event = event
        // A change's own texts were masked by what is known of its columns; these come from anywhere.
        func masked(_ text: String?) -> String? { text.map { String(decoding: Masking().document($0, namesTell: true).json, as: UTF8.self) } }
        (event.before, event.after) = (masked(event.before), masked(event.after))
        let told = event
        try writing { try append(told, to: $0) }
    }

    /// Writes an event behind the last row, within the transaction of what it tells.
    func append(_ event: AuditEvent, to database: Database) throws {
        let end = try Row.fetchOne(database, sql: "SELECT a.sequence, a.hash, a.at FROM audit_end e JOIN audit a ON a.sequence = e.sequence")
        let sequence = (end?[0] ?? Int64(0)) + 1
        let previous = end.map { [UInt8]($0[1] as Data) } ?? AuditChain.start
        let values = bounded(event).values
        // A clock that is set back does not turn the order of events.
        let at = max(clock(), end?[2] ?? Int64(0))
        let hash = AuditChain.hash(sequence: sequence, at: at, values: values, previous: previous)
        var arguments = [sequence.databaseValue, at.databaseValue] + values.map(\.databaseValue)
        arguments += [previous.blob, hash.blob]
        let marks = arguments.map { _ in "?" }.joined(separator: ", ")
        try database.execute(sql: "INSERT INTO audit (\(Self.columnList)) VALUES (\(marks))", arguments: StatementArguments(arguments))
        try database.execute(
            sql: "INSERT OR REPLACE INTO audit_end VALUES (1, ?, ?, ?)",
            arguments: [sequence, hash.blob, AuditChain.seal(sequence: sequence, hash: hash, by: vault.seal).blob])
    }

    /// What a client says of itself, cut to what a row takes; what may hold a key, without it.
    private func bounded(_ event: AuditEvent) -> AuditEvent {
        func cut(_ text: String?) -> String? { text.map { String(decoding: $0.utf8.prefix(StoreLimits.auditTextByteCount), as: UTF8.self) } }
        func masked(_ text: String?) -> String? { cut(text).map { Masking().text($0) } }
        func cutDocument(_ text: String?) -> String? {
            text.map { $0.utf8.count > StoreLimits.auditDocumentByteCount ? #"{"bytes":\#($0.utf8.count)}"# : $0 }
        }
        var event = event
        event.actor.method = cut(event.actor.method)
        event.actor.path = masked(event.actor.path)
        event.actor.agent = masked(event.actor.agent)
        event.actor.address = cut(event.actor.address)
        event.actor.requestID = cut(event.actor.requestID)
        event.actor.role = cut(event.actor.role)
        event.reason = masked(event.reason)
        event.resourceID = masked(event.resourceID)
        event.before = cutDocument(event.before)
        event.after = cutDocument(event.after)
        return event
    }

    // MARK: Reading

    public func audit(_ query: AuditQuery) throws(StoreError) -> Page<AuditRow> {
        guard query.page >= 0, query.page <= Int(Int32.max), (1...StoreLimits.pageRowCount).contains(query.pageSize) else {
            throw .invalid(field: "page_size", reason: "is not between 1 and \(StoreLimits.pageRowCount)")
        }
        let (place, values) = try query.place()
        return try reading { database in
            let total = try Int.fetchOne(database, sql: "SELECT count(*) FROM audit \(place)", arguments: StatementArguments(values)) ?? 0
            let sql = "SELECT \(Self.columnList) FROM audit \(place) ORDER BY sequence DESC LIMIT \(query.pageSize) OFFSET \(query.page * query.pageSize)"
            let rows = try Row.fetchAll(database, sql: sql, arguments: StatementArguments(values))
            return Page(rows: rows.compactMap { Self.row($0) }, total: total)
        }
    }

    private static func row(_ row: Row) -> AuditRow? {
        guard let event = AuditEvent(values: eventValues(row)) else { return nil }
        return AuditRow(sequence: row[0], at: row[1], event: event, previous: bytes(row, "previous"), hash: bytes(row, "hash"))
    }

    private static func eventValues(_ row: Row) -> [String?] { AuditEvent.columns.indices.map { row[$0 + 2] } }

    private static func bytes(_ row: Row, _ column: String) -> [UInt8] { (row[column] as Data?).map { [UInt8]($0) } ?? [] }

    public func exportAudit(_ query: AuditQuery, _ write: ([UInt8]) throws(StoreError) -> Void) throws(StoreError) {
        let (place, values) = try query.place()
        try reading { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT \(Self.columnList) FROM audit \(place) ORDER BY sequence", arguments: StatementArguments(values))
            while let row = try rows.next() { try write(Self.line(row)) }
        }
    }

    /// A row as a line of JSON: all of its columns, `before` and `after` as the objects they are.
    private static func line(_ row: Row) -> [UInt8] {
        let member = DocumentText.member
        let at = row[1] as Int64
        var members = [
            member("sequence", .number(DocumentNumber(text: "\(row[0] as Int64)"))), member("at", .string(Wall.text(at))),
            member("at_ms", .number(DocumentNumber(text: "\(at)"))),
        ]
        for (name, text) in zip(AuditEvent.columns, eventValues(row)) {
            guard let text else { continue }
            let document = name == "before" || name == "after" ? DocumentParser.parse(text).document : nil
            members.append(member(name, document?.root.value ?? .string(text)))
        }
        members.append(member("previous", .string(Hexadecimal.text(bytes(row, "previous")))))
        members.append(member("hash", .string(Hexadecimal.text(bytes(row, "hash")))))
        return DocumentNode(.object(members), at: .start).json + [0x0A]
    }

    // MARK: Verifying

    public func verifyAudit() throws(StoreError) -> AuditVerdict {
        try reading { database in
            var walk = AuditWalk()
            let rows = try Row.fetchCursor(database, sql: "SELECT \(Self.columnList) FROM audit ORDER BY sequence")
            while let row = try rows.next() {
                walk.step(row[0], row[1], Self.eventValues(row), previous: Self.bytes(row, "previous"), hash: Self.bytes(row, "hash"))
            }
            let end = try Row.fetchOne(database, sql: "SELECT sequence, hash, seal FROM audit_end")
            return walk.finish(end.map { ($0[0], Self.bytes($0, "hash"), Self.bytes($0, "seal")) }, vault.seal)
        }
    }
}
