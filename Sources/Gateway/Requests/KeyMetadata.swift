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

    /// This, with what a request says beside it, as far as whoever reads records can read that: one member that they cannot would cost them all
    /// the others. Metadata that is no JSON says nothing, nor do more members than are looked at: one of these names may be among them.
    /// - Returns: `isWhole` is false where something was left out.
    func over(_ own: ByteSlice, _ scan: inout ObjectScan) -> (text: OwnedBytes, isWhole: Bool) {
        do throws(JSONError) {
            try scan.scan(own)
        } catch {
            return (text, true)
        }
        if scan.count == 0 || scan.overflowed { return (text, !scan.overflowed) }
        let capacity = own.count + text.slice.count + 1
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            guard let base = room.baseAddress else { return (text, false) }
            var isWhole = true
            var writer = ByteWriter(base, capacity: capacity)
            writer.append(text.slice.prefix(text.slice.count - 1))
            for index in 0..<scan.count {
                let member = scan[index]
                let name = member.name(in: scan.text)
                if names.contains(where: { $0.withByteSlice { name == $0 } }) { continue }
                guard name.isUnicode, KeyMetadata.isReadable(member, in: scan.text) else {
                    isWhole = false
                    continue
                }
                writer.append(",\"")
                writer.append(name.content)
                writer.append("\":")
                writer.append(member.bytes(in: scan.text))
            }
            writer.append("}")
            return writer.overflowed ? (text, false) : (OwnedBytes(writer.written), isWhole)
        }
    }

    /// Whether a `DocumentParser` reads a member's value: it takes no half characters, and fewer levels than a scan.
    private static func isReadable(_ member: Member, in text: ByteSlice) -> Bool {
        let value = member.bytes(in: text)
        guard JSONString(content: value, hasEscapes: true).isUnicode else { return false }
        guard member.kind == .object || member.kind == .array else { return true }
        do throws(JSONError) {
            // The object that they all stand in is a level, too.
            try JSONText.validate(value, depthLimit: DocumentLimits.depth - 1)
        } catch {
            return false
        }
        return true
    }
}

extension KeyMetadata: CustomStringConvertible {
    public var description: String { String(text.slice) }
}

extension Exchange {
    /// What is said of the request by its key, and beside that by itself; nil where nothing is said.
    func metadata(in message: ByteSlice) -> ByteSlice? { caller.metadata?.slice ?? ownMetadata(in: message) }

    /// Lays what its key says of the request over what it says itself.
    func lay(_ metadata: KeyMetadata, overThatOf message: ByteSlice) {
        var laid = (text: metadata.text, isWhole: true)
        if let own = ownMetadata(in: message) { laid = metadata.over(own, &worker.metadataScan) }
        caller.keyMetadata = metadata
        caller.metadata = laid.text
        if worker.keepsNotes { bookNotes.setMetadata(laid.text.slice, isWhole: laid.isWhole, else: metadata.text.slice) }
    }
}
