import Bytes
import JSON

/// What is said of a key's requests, whatever they say of themselves: made off the workers, and a snapshot's.
public final class KeyMetadata: Sendable {
    /// Its members' names.
    private let names: [[UInt8]]
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
        names = found.map { Array($0.name.utf8) }
        text = DocumentNode(.object(found), at: .start).json.withByteSlice { OwnedBytes($0) }
    }

    /// This, with what a request says beside it. Metadata that is no JSON says nothing, nor do more members than are looked at: one of these
    /// names may be among them.
    func over(_ own: ByteSlice, _ scan: inout ObjectScan) -> OwnedBytes {
        do throws(JSONError) {
            try scan.scan(own)
        } catch {
            return text
        }
        if scan.count == 0 || scan.overflowed { return text }
        let capacity = own.count + text.slice.count + 1
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            guard let base = room.baseAddress else { return text }
            var writer = ByteWriter(base, capacity: capacity)
            writer.append(text.slice.prefix(text.slice.count - 1))
            for index in 0..<scan.count {
                let member = scan[index]
                let name = member.name(in: scan.text)
                if names.contains(where: { $0.withByteSlice { name == $0 } }) { continue }
                writer.append(",\"")
                writer.append(name.content)
                writer.append("\":")
                writer.append(member.bytes(in: scan.text))
            }
            writer.append("}")
            return writer.overflowed ? text : OwnedBytes(writer.written)
        }
    }
}

extension KeyMetadata: CustomStringConvertible {
    public var description: String { String(text.slice) }
}

extension Exchange {
    /// What is said of the request by its key, and beside that in `x-portkey-metadata`; nil where nothing is said.
    func metadata(in message: ByteSlice) -> ByteSlice? {
        if let laid = caller.metadata { return laid.slice }
        return request.fields.value(of: .portkeyMetadata, in: message)
    }

    /// Lays what its key says of the request over what it says itself.
    func lay(_ metadata: KeyMetadata, overThatOf message: ByteSlice) {
        let laid = request.fields.value(of: .portkeyMetadata, in: message).map { metadata.over($0, &worker.metadataScan) } ?? metadata.text
        caller.keyMetadata = metadata
        caller.metadata = laid
        if worker.keepsNotes { bookNotes.setMetadata(laid.slice) }
    }
}
