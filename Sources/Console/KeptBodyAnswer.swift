public import Books
import Bytes
public import JSON
import Store

/// What is kept of a message, as members of an answer.
public enum KeptBodyAnswer {
    /// All that is known of a record, as `RequestRecord.document` has it, and what is kept beside it.
    public static func document(_ record: RequestRecord, _ kept: KeptBodies) -> DocumentNode {
        let more: [(String, DocumentNode)] = [
            ("request", Logs.request(record, kept)), ("transformed_request", Logs.sent(kept)), ("response", Logs.response(record, kept)),
        ]
        return .object(record.document.members.map { ($0.name, $0.value) } + more.filter { $0.1.string != nil || !$0.1.members.isEmpty })
    }

    /// Its fields by their names in small letters; what comes more than once is one, with commas between.
    ///
    /// - Parameter arePortkeys: whether Portkey's own, or all but those; nil for all.
    static func fields(_ message: KeptMessage, arePortkeys: Bool? = nil) -> DocumentNode {
        var names: [String] = []
        var values: [String: [String]] = [:]
        for field in message.fields {
            let name = field.name.lowercased()
            if let arePortkeys, name.hasPrefix("x-portkey-") != arePortkeys { continue }
            if values[name] == nil { names.append(name) }
            values[name, default: []].append(field.value)
        }
        return .object(names.map { ($0, .text((values[$0] ?? []).joined(separator: ", "))) })
    }

    private static func json(_ body: [UInt8]) -> DocumentNode? {
        body.withByteSlice {
            DocumentParser.parse($0, textByteCount: ConsoleLimits.shownBodyByteCount, nodeCount: ConsoleLimits.shownBodyNodeCount).document?.root
        }
    }

    /// Its body as what it is: JSON, a text, or else in base64, which is said.
    static func body(_ message: KeptMessage?, isCut: Bool) -> [(String, DocumentNode)] {
        var members: [(String, DocumentNode)] = []
        if message?.body.isEmpty ?? true {
            members.append(("body", .null))
        } else if let message, let text = String(validating: message.body, as: UTF8.self) {
            members.append(("body", json(message.body) ?? .text(text)))
        } else if let message {
            var base64 = [UInt8](repeating: 0, count: (message.body.count + 2) / 3 * 4)
            let written = message.body.withByteSlice { bytes in
                base64.withUnsafeMutableBufferPointer { room in
                    guard let base = room.baseAddress else { return false }
                    var writer = ByteWriter(base, capacity: room.count)
                    writer.append(base64: bytes)
                    return !writer.overflowed
                }
            }
            members.append(("body", written ? .text(String(decoding: base64, as: UTF8.self)) : .null))
            members.append(("body_encoding", .text("base64")))
        }
        if isCut { members.append(("body_cut", .flag(true))) }
        return members
    }
}
