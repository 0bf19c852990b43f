import Bytes
import JSON

/// What a key's requests say of themselves where they say nothing: made off the workers, and a snapshot's.
public final class DefaultMetadata: Sendable {
    private struct Member {
        let name: [UInt8]
        /// `"name":value`
        let text: [UInt8]
    }

    private let members: [Member]
    /// All of it, as one JSON object.
    let text: OwnedBytes

    /// Nil where there is nothing.
    /// - Parameter documents: JSON objects; what a later one says goes before what an earlier one does. What is none says nothing.
    public init?(_ documents: [String]) {
        var found: [DocumentMember] = []
        for document in documents {
            let parsed = Array(document.utf8).withByteSlice { DocumentParser.parse($0).document }
            guard case .object(let members) = parsed?.root.value else { continue }
            found = found.filter { old in !members.contains { $0.name == old.name } } + members
        }
        guard !found.isEmpty else { return nil }
        members = found.map { member in
            var text: [UInt8] = []
            DocumentNode.write(member.name, into: &text)
            return Member(name: Array(member.name.utf8), text: text + [UInt8(ascii: ":")] + member.value.json)
        }
        text = DocumentNode(.object(found), at: .start).json.withByteSlice { OwnedBytes($0) }
    }

    /// A request's own metadata with what it lacks of this. Metadata that is no JSON says nothing; beside more members than are looked at there is none.
    func under(_ own: ByteSlice, _ scan: inout ObjectScan) -> OwnedBytes {
        do throws(JSONError) {
            try scan.scan(own)
        } catch {
            return text
        }
        if scan.count == 0 { return text }
        if scan.overflowed { return OwnedBytes(own) }
        let capacity = own.count + text.slice.count + 1
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            guard let base = room.baseAddress else { return OwnedBytes(own) }
            var writer = ByteWriter(base, capacity: capacity)
            writer.append(UInt8(ascii: "{"))
            for member in members where member.name.withByteSlice({ scan.member($0) }) == nil {
                member.text.withByteSlice { writer.append($0) }
                writer.append(UInt8(ascii: ","))
            }
            writer.append(own[scan.object].dropFirst(1))
            return writer.overflowed ? OwnedBytes(own) : OwnedBytes(writer.written)
        }
    }
}

extension DefaultMetadata: CustomStringConvertible {
    public var description: String { String(text.slice) }
}

extension Exchange {
    /// What is said of the request in `x-portkey-metadata`, and by its key's defaults where it says nothing; nil where nothing is said.
    func metadata(in message: ByteSlice) -> ByteSlice? {
        if let laid = caller.metadata { return laid.slice }
        return request.fields.value(of: .portkeyMetadata, in: message)
    }

    /// Lays what the request says over what its key's requests say by default.
    func layMetadata(over defaults: DefaultMetadata, _ message: ByteSlice) {
        let laid = request.fields.value(of: .portkeyMetadata, in: message).map { defaults.under($0, &worker.metadataScan) } ?? defaults.text
        caller.defaultMetadata = defaults
        caller.metadata = laid
        if worker.keepsNotes { bookNotes.setMetadata(laid.slice) }
    }
}
