import Bytes
import Guardrails
import HTTP
import JSON
import Policy
import Providers
import Reactor

extension Exchange {
    /// Checks what is asked before it is sent to the decision's target, by that target's guardrails.
    ///
    /// A target that refuses is a failed attempt, after which a fallback goes on; so is one whose checks fail, where the fallback
    /// lists 246: its answer is not asked for when another's is wanted.
    func screen(_ client: Client) throws(Rejection) -> Next {
        screening.beginTarget()
        guard plan?.destination.isGuarded == true, let plan else { return .step(.lookup) }
        noteHead(plan, client.unread)
        try refuseUnseen(plan, client.unread)
        guard let hooks = plan.destination.inputHooks else { return .step(.lookup) }
        let outcome = try judgeRequest(hooks, plan, client)
        if outcome.count == 0 { screening.input = [] }
        guard outcome.hasFailed else { return .step(.lookup) }
        screening.inputFailed = true
        let status = outcome.isDenied ? Screening.deniedStatus : Screening.failedStatus
        attempt.begunAt = worker.now
        noteTrail(.status(status))
        if let next = moveOn(after: .status(status), client) {
            attempt.trailIndex = -1
            return .step(next)
        }
        guard !outcome.isDenied else { throw Rejection(.guardrailDenied) }
        return .step(.lookup)
    }

    /// Keeps what is told of the request's head after its bytes are gone: a streamed body takes their place.
    private func noteHead(_ plan: Plan, _ message: ByteSlice) {
        screening.requestType = endpoint.requestType(method: message[request.methodRange], path: request.path(in: message))
        screening.isLoose =
            !plan.target.isStrict || request.fields.value(of: .portkeyStrictOpenAICompliance, in: message)?.equalsIgnoringCase("false") == true
        screening.metadata = []
        if !readsBody, plan.destination.outputHooks != nil, let metadata = metadata(in: message) {
            screening.metadata = [UInt8](metadata)
        }
    }

    /// A guardrail that would refuse, and to which the request or its answer will not be shown, refuses.
    private func refuseUnseen(_ plan: Plan, _ message: ByteSlice) throws(Rejection) {
        let destination = plan.destination
        let mayDenyAnswer = destination.outputHooks?.canDeny == true
        if !readsBody, hasBody, destination.inputHooks?.denialNeedsBody == true || mayDenyAnswer && endpoint.answersUnread {
            throw Rejection(.unguardedRequest, "the guardrails of \(destination.upstream.id) cannot be checked for this request, whose body is not read")
        }
        if mayDenyAnswer, endpoint.answerTextPlace != nil, destination.overriddenStream ?? plan.wantsStream {
            throw Rejection(
                .unguardedRequest, "the output guardrails of \(destination.upstream.id) cannot be checked while an answer is streamed: leave \"stream\" out",
                parameter: "stream")
        }
        guard mayDenyAnswer else { return }
        if endpoint == .responses, readsBody, try asksForLater(plan, message) {
            throw Rejection(
                .unguardedRequest, "the output guardrails of \(destination.upstream.id) cannot be checked for an answer that is fetched later: "
                    + "leave \"background\" out", parameter: "background")
        }
        let isStored = endpoint.fetchesStored(method: message[request.methodRange], path: request.path(in: message))
        if isStored || screening.requestType == .createBatch {
            throw Rejection(.unguardedRequest, "the output guardrails of \(destination.upstream.id) cannot be checked for what this request gives")
        }
    }

    /// Whether the answer is generated after this request's is over.
    private func asksForLater(_ plan: Plan, _ message: ByteSlice) throws(Rejection) -> Bool {
        let background: JSONView?
        do throws(TextFault) {
            background = try member("background", plan, message[body.range])
        } catch {
            throw Rejection(error)
        }
        guard let background else { return false }
        return background.kind != .false && background.kind != .null
    }

    /// Whether the request has a body, read or not.
    private var hasBody: Bool {
        switch request.framing {
        case .none, .untilClose: false
        case .length(let length): length > 0
        case .chunked: true
        }
    }

    // MARK: Judging

    private func judgeRequest(_ hooks: HookSet, _ plan: Plan, _ client: Client) throws(Rejection) -> HookOutcome {
        let message = client.unread
        var subject = subject(message)
        var model = ByteWriter(worker.pathScratch, capacity: GatewayLimits.translatedPathByteCount)
        if readsBody {
            do throws(TextFault) {
                try readText(hooks, plan, message[body.range])
                try writeModel(plan, message[body.range], to: &model)
            } catch {
                worker.workbench.texts.removeAll()
                throw Rejection(error)
            }
            if worker.workbench.texts.hasNumbers, hooks.denialNeedsText {
                worker.workbench.texts.removeAll()
                throw Rejection(
                    .unguardedRequest, "the guardrails of \(plan.destination.upstream.id) cannot be checked for tokens: send text")
            }
            guard canLook(hooks, .input) else {
                worker.workbench.texts.removeAll()
                throw Rejection(.bodyTooLarge, "the request's text is too long for so many guardrails")
            }
            subject.model = model.written
        }
        defer { worker.workbench.texts.removeAll() }
        return withTime { time in
            hooks.run(
                subject, on: worker.workbench, hasBody: readsBody, createdAt: time, clock: { Instant.now().nanoseconds }, into: &screening.input)
        }
    }

    /// Whether the texts read are within what the checks of one side may still look at.
    func canLook(_ hooks: HookSet, _ side: HookSide) -> Bool {
        let byteCount = hooks.lookedAtByteCount(in: worker.workbench.texts.byteCount, of: worker.workbench.texts.count)
        return screening.canLook(at: byteCount, side)
    }

    /// Who asks, and for what kind of answer.
    /// - Precondition: `message` still begins with the request's head.
    func subject(_ message: ByteSlice) -> CheckSubject {
        var subject = CheckSubject()
        subject.requestType = screening.requestType
        if let metadata = metadata(in: message) { subject.read(metadata: metadata) }
        return subject
    }

    private func readText(_ hooks: HookSet, _ plan: Plan, _ content: ByteSlice) throws(TextFault) {
        guard hooks.needsText, let place = endpoint.requestTextPlace else { return worker.workbench.texts.removeAll() }
        let suffix = try endpoint == .completions ? member("suffix", plan, content) : nil
        try worker.workbench.texts.read(member(place.member, plan, content), suffix: suffix, at: place)
    }

    /// The model the target will be asked for, decoded; one too long is none that a list names.
    func writeModel(_ plan: Plan, _ content: ByteSlice, to writer: inout ByteWriter) throws(TextFault) {
        // Where the path names a deployment it is the one asked, whatever the body says.
        let deployment = plan.destination.deployment(of: endpoint)
        guard deployment.isEmpty else { return writer.append(deployment) }
        if override("model", plan) == nil {
            if let own = plan.destination.ownModel { return write(JSONView(own.slice), to: &writer) }
            if plan.hasNoModel { return write(plan.destination.defaultModel.flatMap { JSONView($0.slice) }, to: &writer) }
            if plan.modelPrefixCount > 0, let model = try member("model", plan, content)?.string {
                return writer.append(model.content.dropFirst(min(plan.modelPrefixCount, model.content.count)))
            }
        }
        write(try member("model", plan, content), to: &writer)
    }

    private func write(_ value: JSONView?, to writer: inout ByteWriter) { value?.string?.decode(into: &writer) }

    /// A member of the body as the target will be sent it: the config's, else the client's.
    func member(_ name: StaticString, _ plan: Plan, _ content: ByteSlice) throws(TextFault) -> JSONView? {
        if let laid = override(name, plan) { return laid }
        return try JSONView(objectIn: content)?.soleChild(name)
    }

    func override(_ name: StaticString, _ plan: Plan) -> JSONView? {
        let program = plan.route.program
        for override in program.overrides(plan.destination.overrides) where program.bytes(override.name) == name {
            return JSONView(program.bytes(override.value))
        }
        return nil
    }

    /// Now, as results say it.
    func withTime<Result>(_ body: (ByteSlice) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: GatewayLimits.timeByteCount) { room in
            guard let base = room.baseAddress else { return body(ByteSlice("")) }
            var writer = ByteWriter(base, capacity: room.count)
            var line = AccessLine()
            line.appendTime(worker.wallNanoseconds(), to: &writer)
            return body(writer.written)
        }
    }
}

extension Rejection {
    init(_ fault: TextFault) {
        switch fault {
        case .duplicate(let name):
            self.init(
                .duplicateMember, "the request body has \"\(name.description)\" twice, case aside, where its guardrails look",
                parameter: name.description)
        case .notAnObject: self.init(.invalidBody)
        case .tooDeep, .tooManyTexts: self.init(.unguardedRequest, "the request's text lies deeper in it than its guardrails look")
        }
    }
}
