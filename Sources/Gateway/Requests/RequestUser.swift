import Bytes
import HTTP
import JSON

extension Exchange {
    /// Notes for the record on whose behalf the request is made: `_user` of its key's metadata, else of
    /// `x-portkey-metadata` and `baggage`, else of the body's `metadata` (`user_id` in Anthropic's), else the body's `user`. The body goes
    /// where its dialect takes it all the same.
    func noteUser(_ message: ByteSlice) {
        if let metadata = caller.keyMetadata, noteUser(inMetadata: metadata.text.slice) { return }
        if let own = ownMetadata(in: message), noteUser(inMetadata: own) { return }
        if let metadata = worker.scan.member("metadata"), metadata.kind == .object,
            noteUser(inMetadata: metadata.bytes(in: worker.scan.text))
        {
            return
        }
        if let user = worker.scan.string("user") { record.user.set(user.content) }
    }

    private func noteUser(inMetadata text: ByteSlice) -> Bool {
        do throws(JSONError) {
            try worker.metadataScan.scan(text)
        } catch {
            // Metadata that cannot be read says nothing (the wire reference §2.1).
            return false
        }
        guard let user = worker.metadataScan.string("_user") ?? worker.metadataScan.string("user_id") else { return false }
        record.user.set(user.content)
        return true
    }
}
