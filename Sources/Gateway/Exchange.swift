import Bytes
import HTTP
import Ledger
import Policy
import Providers
import Reactor

/// The steps of a request, in the order it takes them. Each is one file in `Steps/`.
///
///     receive → identify → decide → screen → lookup → dispatch → relay → settle
///                                     ↑                  ↑         │
///                                     └──────────────────┴─────────┘  fallback, retry
///
/// | step     | does                                                                       |
/// |----------|----------------------------------------------------------------------------|
/// | receive  | bytes → request head, within its limits                                    |
/// | identify | credential → principal                                                     |
/// | decide   | body collected where it must be read; program run once → decision          |
/// | screen   | what is asked, checked by the target's guardrails                          |
/// | lookup   | what the cache has, or another request is about to have                    |
/// | dispatch | a pooled connection to the decision's target, the request written to it    |
/// | relay    | the answer through as it comes, or the next attempt                        |
/// | settle   | record written, connection returned                                        |
///
/// Any step may throw a `Refusal`; `Steps/Refuse.swift` answers it in the client's dialect.
enum Step: UInt8 {
    case receive, identify, decide, screen, lookup, dispatch, relay, settle
}

/// What a step comes to.
enum Next {
    case step(Step)
    /// Nothing to do until an event; the step is then taken up again.
    case wait
    /// The exchange is over.
    case over
}

/// One request and its answer, from the client's first byte to the record in the log.
///
/// Pooled by its worker and used again: a steady state makes none. Everything here belongs to the
/// worker's thread. Slices it hands out point into the client's inbound block, where the request's
/// bytes stay until an answer is committed to.
final class Exchange {
    // What each event of a stream looks at comes first, here and in each part: an exchange is five kilobytes, of which little is in any cache
    // when an event comes.
    let worker: Worker
    var client: Client?
    var upstream: UpstreamCall?
    var step = Step.receive
    private var isAdvancing = false
    private var isOver = false
    private var isRecycled = false
    var events = EventRelay()
    /// Whether its bodies are kept beside its record.
    var keepsBodies = false
    var body = RequestBody()

    // Receive.
    var parser: RequestParser
    var request: RequestHead
    var headByteCount = 0
    var startedAt = Instant(nanoseconds: 0)
    var requestID = Identifier(high: 0, low: 0)
    /// The same in writing.
    var identifier = InlineText<36>()
    var traceIdentifier = InlineText<128>()
    /// What the answer says to the web page that asks; empty when none does that may.
    var allowedOrigin = InlineText<272>()
    var endpoint = Endpoint.unknown

    // Identify and decide.
    var caller = Caller()
    /// Where its caller's limits count this request, from its first attempt on.
    var admitted: Spending?
    /// Where the caller's requests under way are counted; nil until this is one of them.
    var admittedCaller: Int?
    /// The snapshot the caller was found in.
    var snapshotVersion: UInt64 = 0
    var plan: Plan?
    /// Whether the answer says how it was decided.
    var explains = false

    /// The request's config is being compiled elsewhere.
    var isAwaitingCompile = false

    // What operators ask.
    var isAskingOperations = false
    var operatorAnswer: Operations.Answer?
    /// What is being sent of it part by part.
    var longAnswer: LongAnswer?

    // Screen.
    var screening = Screening()

    /// Whether it came for a stored prompt, and is what that was rendered to.
    var isRendered = false

    /// What the request asks of files or batches, at a provider that keeps them elsewhere.
    var batch: BatchCall?

    // Lookup.
    var caching = Caching()

    // Dispatch.
    var attempt = Attempt()
    /// What a translated request could not carry over.
    var notes = TranslationNotes()
    /// A second attempt beside this one, until one of them has content.
    var rival: Rival?
    /// The attempts so far.
    var trail = Trail()
    /// Whose turn it is in a pool's queue; see `UpstreamPool`.
    var ticket: UInt64 = 0

    // Relay.
    var answer = Answer()

    // Settle.
    var record = AccessRecord()
    var bookNotes = RecordNotes()
    var bodyNotes = BodyNotes()

    init(worker: Worker) {
        self.worker = worker
        parser = RequestParser(limits: worker.limits.http)
        request = RequestHead(limits: worker.limits.http)
    }

    /// Starts on `client`, whose next request has begun or will.
    func begin(on client: Client) {
        self.client = client
        step = .receive
        isOver = false
        isRecycled = false
        parser = RequestParser(limits: worker.limits.http)
        startedAt = worker.now
        advance()
    }

    /// Takes `client` over from another exchange.
    func goOn(for client: Client) {
        self.client = client
        client.exchange = self
        // What the ledger answers is for the one before.
        if attempt.state == .awaitingGrant { attempt.state = .granted }
        isOver = false
        isRecycled = false
    }

    /// Whether its request is the one with this id: what was asked elsewhere may be answered when another has its place.
    func isNamed(_ number: InlineText<36>) -> Bool {
        var number = number
        return identifier.withBytesInPlace { own in number.withBytesInPlace { own == $0 } }
    }

    /// Whether there is more of its answer here than its client was sent.
    var hasMoreToSay: Bool { caching.followed != nil || caching.replay != nil || longAnswer != nil }

    /// Takes steps until one has to wait. Called for every event of the client or the upstream.
    func advance() {
        // A step that closes its own client, say, must not be taken again beneath itself.
        guard !isAdvancing else { return }
        closeEvents()
        isAdvancing = true
        takeSteps()
        isAdvancing = false
        if isOver { recycle() }
    }

    private func takeSteps() {
        // A client that leaves may leave another in its place.
        while !isOver, let client {
            repeat {
                let next: Next
                do throws(Rejection) {
                    next = try take(step, client)
                } catch {
                    next = refuse(error, client)
                }
                switch next {
                case .step(let following): step = following
                case .wait: return
                case .over: return end(client)
                }
            } while !isOver && self.client === client
        }
    }

    private func take(_ step: Step, _ client: Client) throws(Rejection) -> Next {
        switch step {
        case .receive: try receive(client)
        case .identify: try identify(client)
        case .decide: try decide(client)
        case .screen: try screen(client)
        case .lookup: try lookup(client)
        case .dispatch: try dispatch(client)
        case .relay: try relay(client)
        case .settle: settle(client)
        }
    }

    /// Takes up what was read where events pass, and is more than that.
    @inline(never)
    func takeUp(_ block: consuming Block, _ count: Int, _ upstream: UpstreamCall, _ client: Client) {
        // Who holds it may go.
        let own = Unmanaged.passRetained(self)
        defer { own.release() }
        isAdvancing = true
        pass(block, 0..<count, upstream, client)
        isAdvancing = false
        if isOver { recycle() } else if !events.isOpen || upstream.isReadable { advance() }
    }

    /// Takes up an event that is no step's own: what `event` throws is answered, the step it names is taken.
    func interject(_ client: Client, _ event: () throws(Rejection) -> Step?) {
        guard !isAdvancing else { return }
        closeEvents()
        isAdvancing = true
        do throws(Rejection) {
            if let next = try event() { step = next }
        } catch {
            if case .step(let next) = refuse(error, client) { step = next }
        }
        isAdvancing = false
        // What was refused may have been the client itself; `advance` knows.
        if isOver { recycle() } else { advance() }
    }

    /// The exchange is over and the client's connection goes on without it.
    private func end(_ client: Client) {
        let reusable = answer.clientReusable
        let isComplete = !answer.isBroken
        isOver = true
        self.client = nil
        client.exchangeEnded(reusable: reusable, isComplete: isComplete)
    }

    /// The client's connection has closed under the exchange.
    func clientGone() {
        guard let client, !outlives(client) else { return }
        closeEvents()
        leaveFlight()
        keepRequest(client)
        self.client = nil
        isOver = true
        dropRival()
        releaseUpstream(reusable: false)
        noteGivenUp()
        endAttempt()
        failFill()
        if headByteCount > 0 {
            record.figures.wasAborted = true
            // As others log a client that did not wait for its answer.
            if record.figures.status == 0 { record.figures.status = 499 }
            writeRecord()
        }
        if !isAdvancing { recycle() }
    }

    private func recycle() {
        guard !isRecycled else { return }
        isRecycled = true
        giveUpPlace()
        leaveLimits()
        body.reset()
        caller.reset()
        plan = nil
        explains = false
        isAwaitingCompile = false
        isAskingOperations = false
        operatorAnswer = nil
        leaveLongAnswer()
        screening.reset()
        isRendered = false
        batch = nil
        caching.reset()
        attempt = Attempt()
        trail.removeAll()
        notes.removeAll()
        answer.reset()
        record.reset()
        if worker.keepsNotes { bookNotes.reset() } else { bookNotes.resetOutcome() }
        keepsBodies = false
        bodyNotes = BodyNotes()
        headByteCount = 0
        identifier.removeAll()
        allowedOrigin.removeAll()
        endpoint = .unknown
        worker.recycle(self)
    }
}
