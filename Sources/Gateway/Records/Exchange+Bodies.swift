import Books
import Bytes
import HTTP

/// What of an exchange's bodies has been handed over.
struct BodyNotes {
    var hasRequest = false
    /// Something found no room: nothing more is handed over.
    var isDropped = false
    /// The client has left, and others wait for what comes now.
    var hasLeft = false
    var flags: BodyFlags = []
    var answerByteCount = 0
}

/// Which requests' bodies are kept beside their records.
public struct BodyRules: Sendable, Equatable {
    public var areKept = false
    /// Workspaces, by id or slug, of which it is otherwise.
    public var exceptions: Set<String> = []
    /// Bytes of one body that are kept.
    public var most = 1 << 20

    public init() {}

    func keeps(_ workspace: Snapshot.Workspace) -> Bool { areKept != (exceptions.contains(workspace.slug) || exceptions.contains(String(workspace.id.slice))) }
}

/// What is kept of a request beside its record, handed over where it comes by. Each is one copy, into the worker's ring.
extension Exchange {
    /// Decides whether it is kept, once it is known who asks.
    func chooseBodies(_ message: ByteSlice) {
        let isKept = mayKeepBodies(message)
        // Asked again, since the configuration has changed meanwhile.
        if keepsBodies, !isKept, bodyNotes.hasRequest { endBodies(discarding: true) }
        keepsBodies = isKept
    }

    private func mayKeepBodies(_ message: ByteSlice) -> Bool {
        guard worker.recorder != nil, endpoint != .promptRender, worker.snapshot.keepsBodies(caller.principal?.workspace ?? -1) else { return false }
        // Strangers fill no disk.
        guard caller.principal != nil || caller.credential != nil || !worker.snapshot.hasKeys else { return false }
        return !wantsFiguresAlone(message)
    }

    /// Portkey's word for it.
    func wantsFiguresAlone(_ message: ByteSlice) -> Bool {
        request.fields.value(of: .portkeyDebug, in: message)?.trimmed.equalsIgnoringCase("false") == true
    }

    /// The client's request, before its bytes are given up.
    func keepRequest(_ client: Client) {
        guard keepsBodies, !bodyNotes.hasRequest, headByteCount > 0, !body.isConsumed else { return }
        let message = client.unread
        guard message.count >= headByteCount else { return }
        bodyNotes.hasRequest = true
        if body.mode == .streamed { bodyNotes.flags.insert(.passedOn) }
        if body.mode == .collected, !body.isWhole, request.framing != .none { bodyNotes.flags.insert(.incomplete) }
        let range = body.mode == .collected && body.isWhole && body.range.upperBound <= message.count ? body.range : headByteCount..<headByteCount
        let most = worker.snapshot.bodies.most
        if range.count > most { bodyNotes.flags.insert(.requestCut) }
        withUnsafeTemporaryAllocation(of: ByteSlice.self, capacity: 2) { runs in
            runs.initializeElement(at: 0, to: message.prefix(headByteCount))
            runs.initializeElement(at: 1, to: message[range].prefix(min(range.count, most)))
            hand(.request, starts: true, UnsafeBufferPointer(runs), most: headByteCount + most)
        }
    }

    /// What is about to be written to a provider, as the worker's runs.
    func keepSent() {
        let most = worker.snapshot.bodies.most + BooksLimits.bodyHeadByteCount
        if worker.runs.byteCount > most { bodyNotes.flags.insert(.sentCut) } else { bodyNotes.flags.remove(.sentCut) }
        hand(.sent, starts: true, worker.runs.list, most: most)
    }

    /// What is about to be written to the client, as the worker's runs.
    func keepAnswer() {
        let most = answer.isStream ? BooksLimits.bodyStreamByteCount : worker.snapshot.bodies.most + BooksLimits.bodyHeadByteCount
        let left = most - bodyNotes.answerByteCount
        if worker.runs.byteCount > left { bodyNotes.flags.insert(.answerCut) }
        guard left > 0, !worker.runs.isEmpty, !bodyNotes.hasLeft else { return }
        hand(.answer, starts: bodyNotes.answerByteCount == 0, worker.runs.list, most: left)
        bodyNotes.answerByteCount += worker.runs.byteCount
    }

    /// Nothing more comes.
    func endBodies(discarding: Bool = false) {
        var flags = bodyNotes.flags
        if bodyNotes.isDropped { flags.insert(.incomplete) }
        // Who shows no key, and whose request asked no provider, is a stranger after all.
        if discarding || caller.principal == nil && worker.snapshot.hasKeys && attempt.total == 0 { flags.insert(.discarded) }
        bodyNotes.isDropped = false
        var bytes = (flags.rawValue, form.rawValue)
        withUnsafeBytes(of: &bytes) { raw in
            guard let base = raw.baseAddress else { return }
            let run = ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: raw.count)
            withUnsafePointer(to: run) { hand(.end, starts: true, UnsafeBufferPointer(start: $0, count: 1), most: raw.count) }
        }
        keepsBodies = false
        bodyNotes = BodyNotes()
    }

    private var form: BodyForm {
        switch endpoint {
        case .chatCompletions: .chat
        case .messages: .messages
        case .completions: .completions
        case .responses: .responses
        default: .none
        }
    }

    private func hand(_ part: BodyPart, starts: Bool, _ runs: UnsafeBufferPointer<ByteSlice>, most: Int) {
        guard !bodyNotes.isDropped, let ring = worker.recorder?.bodies else { return }
        guard !ring.push(part, of: requestID, starts: starts, runs, most: most) else { return }
        if part != .end { ring.noteDropped() }
        bodyNotes.isDropped = true
    }
}
