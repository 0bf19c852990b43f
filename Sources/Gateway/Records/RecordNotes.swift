import Books
import Bytes
import HTTP
import Prompts

/// What the books want to know of a request and the access log does not, noted while its head is there.
struct RecordNotes {
    /// What budgets were charged of an answer that its provider has not counted, or not to its end.
    struct Reckoned: BitwiseCopyable {
        var input: Int64
        var output: Int64
        var searches: Int64
        /// Nil where nobody's money is limited, or nothing is known to cost any; −1 where budgets were charged a price that is in no book.
        var cost: Int64?
        /// There were searches, which the cost leaves out.
        var leavesSearchesOut = false
    }

    var agent = InlineText<96>()
    /// What Portkey's SDK says of itself: `portkey-2.3.4`.
    var sdk = InlineText<32>()
    var span = InlineText<32>()
    var parentSpan = InlineText<32>()
    var spanName = InlineText<64>()
    /// What tells the gateway key from every other.
    var key = InlineText<64>()
    var workspace = InlineText<48>()
    /// The slug of the stored prompt, its id, and its version's number.
    var prompt: OwnedBytes?
    var promptID: OwnedBytes?
    var promptVersion: UInt32 = 0
    var metadata = InlineText<192>()
    /// In its place where it is longer. Allocated: most requests have less, or none.
    var longMetadata: OwnedBytes?
    var leftMetadataOut = false
    /// It was let in because it would be recorded, for the budget of anybody: its caller's, its target's or a policy's.
    var isOwed = false
    var blame = RecordedBlame.none
    var reckoned: Reckoned?
    var lost = LostAttempts()
    /// Whose budgets and limits it was counted in, a line each.
    var limits = InlineText<256>()

    /// - Parameter keepingPrompt: for a request that a prompt has become, and is read anew.
    mutating func reset(keepingPrompt: Bool = false) {
        resetOutcome()
        if !keepingPrompt {
            prompt = nil
            promptID = nil
            promptVersion = 0
        }
        agent.removeAll()
        sdk.removeAll()
        span.removeAll()
        parentSpan.removeAll()
        spanName.removeAll()
        key.removeAll()
        workspace.removeAll()
        metadata.removeAll()
        longMetadata = nil
        leftMetadataOut = false
        limits.removeAll()
    }

    /// What is noted where nothing is recorded, too.
    mutating func resetOutcome() {
        isOwed = false
        blame = .none
        reckoned = nil
        lost = LostAttempts()
    }

    /// Notes whose terms an attempt was counted in, each once.
    mutating func noteLimits(of spending: Spending) {
        for holder in spending.holders {
            holder.terms.mark.withByteSlice { mark in
                if limits.withBytesInPlace({ RecordNotes.has(mark, in: $0) }) { return }
                // Half a name would be another's.
                guard limits.count + mark.count < 256 else { return }
                if !limits.isEmpty { limits.append(0x0A as UInt8) }
                limits.append(mark)
            }
        }
    }

    private static func has(_ line: ByteSlice, in text: ByteSlice) -> Bool {
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: 0x0A, from: start) ?? text.count
            if text[start..<end] == line { return true }
            start = end + 1
        }
        return false
    }

    /// - Parameters:
    ///   - isWhole: whether `text` is all that was said.
    ///   - rest: what stands in its place where it is too long.
    mutating func setMetadata(_ text: ByteSlice, isWhole: Bool = true, else rest: ByteSlice = ByteSlice("")) {
        metadata.removeAll()
        longMetadata = nil
        leftMetadataOut = !isWhole || text.count > BooksLimits.metadataByteCount
        let text = text.count > BooksLimits.metadataByteCount ? rest : text
        guard text.count <= BooksLimits.metadataByteCount else { return }
        if text.count <= BooksLimits.shortMetadataByteCount { metadata.set(text) } else { longMetadata = OwnedBytes(text) }
    }
}

extension Exchange {
    /// Notes what stands in the request's head.
    func noteForBooks(_ message: ByteSlice) {
        bookNotes.reset(keepingPrompt: isRendered)
        if let agent = request.fields.value(of: .userAgent, in: message) { bookNotes.agent.set(agent) }
        if let metadata = ownMetadata(in: message)?.trimmed, !metadata.isEmpty { bookNotes.setMetadata(metadata) }
        noteSpans(message)
    }

    /// Notes the prompt that was asked for.
    func noteForBooks(_ prompt: PromptTable.Found) {
        bookNotes.prompt = prompt.slug
        bookNotes.promptID = prompt.id
        bookNotes.promptVersion = UInt32(clamping: prompt.number)
    }

    /// Portkey's fields go before the parent that a `traceparent` names.
    private func noteSpans(_ message: ByteSlice) {
        if let parent = request.fields.value(of: .traceparent, in: message), parent.count >= 52 { bookNotes.parentSpan.set(parent[36..<52]) }
        guard request.fields.contains(.otherPortkey) else { return }
        var (span, parentSpan, name, sdk) = (ByteSlice(""), ByteSlice(""), ByteSlice(""), ByteSlice(""))
        request.fields.eachPortkeyOption("x-portkey-", in: message) { rest, value in
            if rest.equalsIgnoringCase("span-id") { span = value }
            if rest.equalsIgnoringCase("parent-span-id") { parentSpan = value }
            if rest.equalsIgnoringCase("span-name") { name = value }
            if rest.equalsIgnoringCase("package-version") { sdk = value }
        }
        bookNotes.sdk.set(sdk)
        bookNotes.span.set(span)
        if !parentSpan.isEmpty { bookNotes.parentSpan.set(parentSpan) }
        bookNotes.spanName.set(name)
    }
}
