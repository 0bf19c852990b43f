import Bytes
import HTTP
import Providers

/// An answer that is not passed on as it comes: it is said again in the client's dialect, or held until its checks have been made.
///
/// A whole one is collected first, and its head waits with it: an answer that cannot be read is a failed attempt, and another
/// target may still answer. A stream is translated event by event, in the turn in which each comes.
struct TranslatedAnswer: ~Copyable {
    enum Mode {
        /// Bytes go through as they are.
        case none
        case whole
        /// Whole, and as it is.
        case held
        /// An error of the provider's.
        case error
        case stream
        /// About a file or a batch: whole, said by `BatchCall`'s side.
        case stored
        /// A file's rows, said again one by one.
        case rows
    }

    private(set) var mode = Mode.none
    private(set) var translation = Translation(.chat, from: .openAI, to: .openAI)
    private var options = AnswerOptions()
    /// The client's head as far as it is known before the body.
    private var head: Block?
    private var headCount = 0
    /// The provider's whole answer, as far as it has come.
    private var collected: Block?
    private var collectedCount = 0
    private var requestID = InlineText<96>()
    /// The error's type, where a header field says it.
    private var errorType = InlineText<96>()
    private var stream: StreamTranslation?
    private var parser: EventStreamParser?
    /// In place of the parser, for a provider that streams in Amazon's framing.
    private var decoder: AmazonEventStreamDecoder?

    mutating func reset() {
        guard mode != .none else { return }
        mode = .none
        head = nil
        collected = nil
        collectedCount = 0
        parser = nil
        decoder = nil
        stream = nil
    }

    mutating func begin(
        _ mode: Mode, _ translation: Translation, _ options: AnswerOptions, requestID: ByteSlice, errorType: ByteSlice, limits: HTTPLimits
    ) {
        self.mode = mode
        self.translation = translation
        self.options = options
        self.requestID.set(requestID)
        self.errorType.set(errorType)
        collectedCount = 0
        guard mode == .stream else { return }
        stream = StreamTranslation(translation, options)
        if translation.provider == .bedrock {
            decoder = AmazonEventStreamDecoder(limits: limits)
        } else {
            parser = EventStreamParser(limits: limits)
        }
    }

    // MARK: Whole answers

    mutating func keepHead(_ block: consuming Block, count: Int) {
        head = consume block
        headCount = count
    }

    /// Adds to a collected error what fits: the rest of a long page says no more.
    mutating func collectError(_ bytes: ByteSlice, _ blocks: BlockPool) {
        let room = GatewayLimits.collectedErrorByteCount - collectedCount
        if room > 0 { _ = collect(bytes.prefix(min(room, bytes.count)), limit: GatewayLimits.collectedErrorByteCount, blocks) }
    }

    /// Adds to the collected answer; false when there is no memory for it, or it is larger than `limit`.
    mutating func collect(_ bytes: ByteSlice, limit: Int, _ blocks: BlockPool) -> Bool {
        let needed = collectedCount + bytes.count
        guard needed <= limit else { return false }
        if capacity < needed {
            guard let larger = blocks.lease(atLeast: max(needed, 2 * collectedCount, BufferLimits.smallestBlockByteCount)) else { return false }
            if let smaller = collected.take() { larger.copy(smaller.slice(0..<collectedCount), to: 0) }
            collected = consume larger
        }
        collected?.copy(bytes, to: collectedCount)
        collectedCount = needed
        return true
    }

    private var capacity: Int {
        switch collected {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    var collectedBytes: ByteSlice {
        switch collected {
        case .some(let block): block.slice(0..<collectedCount)
        case nil: ByteSlice("")
        }
    }

    /// What of the client's head is known before the body.
    var headBytes: ByteSlice {
        switch head {
        case .some(let block): block.slice(0..<headCount)
        case nil: ByteSlice("")
        }
    }

    /// A whole answer in the client's dialect, behind room for its head.
    struct Whole: ~Copyable {
        let block: Block
        let range: Range<Int>

        var content: ByteSlice { block.slice(range) }

        consuming func takeBlock() -> Block { block }
    }

    /// The client's answer, its head apart.
    mutating func takeWhole(status: Int, provider: InlineText<32>, _ worker: Worker) throws(Rejection) -> Whole {
        if mode == .held {
            guard let block = collected.take() else { throw Rejection(.upstreamUnreadable, "the provider's answer is empty") }
            return Whole(block: block, range: 0..<collectedCount)
        }
        let start = headCount + GatewayLimits.headRoomByteCount
        var wanted = 2 * collectedCount + start + GatewayLimits.translationSlackByteCount
        while true {
            guard wanted <= GatewayLimits.translatedAnswerByteCount, let block = worker.blocks.lease(atLeast: wanted) else { throw Rejection(.overloaded) }
            var writer = ByteWriter(block.base + start, capacity: block.capacity - start)
            try writeBody(status: status, provider: provider, worker, to: &writer)
            guard !writer.overflowed else {
                wanted = 2 * block.capacity
                continue
            }
            let count = writer.count
            collected = nil
            return Whole(block: block, range: start..<start + count)
        }
    }

    private mutating func writeBody(status: Int, provider: InlineText<32>, _ worker: Worker, to writer: inout ByteWriter) throws(Rejection) {
        if mode == .error {
            var scratch = ByteWriter(worker.routingScratch, capacity: GatewayLimits.routingTextByteCount)
            let body = collectedBytes
            requestID.withBytes { id in
                errorType.withBytes { type in
                    provider.withBytes { name in
                        worker.translator.writeError(
                            body, status: status, provider: name, requestID: id, type: type, translation, scratch: &scratch, to: &writer)
                    }
                }
            }
            return
        }
        do throws(TranslationFault) {
            try worker.translator.writeAnswer(collectedBytes, translation, options, to: &writer)
        } catch {
            // Whatever it is, it is not the client's doing.
            if !writer.overflowed { throw Rejection(.upstreamUnreadable, error.message) }
        }
    }

    // MARK: Streams

    /// What a read's bytes came to.
    enum Fed {
        case fine
        /// The provider ended its stream with an error, which the client has been told.
        case failed
        /// The bytes are no stream of the provider's dialect.
        case broken
    }

    /// Translates the events that end in `payload` into `chunk`, which gathers those of one read.
    mutating func feed(_ payload: ByteSlice, _ usage: inout UsageReader, into chunk: inout ChunkBuilder, _ worker: Worker) -> Fed {
        guard let stream else { return .broken }
        if decoder != nil { return feedMessages(payload, stream, &usage, &chunk, worker) }
        var at = 0
        while true {
            let event: StreamEvent
            do throws(EventStreamError) {
                guard let next = try parser?.next(payload, from: &at) else { return .fine }
                event = next
            } catch {
                return .broken
            }
            if isEnd(event.data) {
                _ = usage.readEvent(event.data)
                stream.noteDone()
                guard end(stream, &chunk, worker) else { return .broken }
                continue
            }
            if let fed = take(event.type, event.data, stream, &usage, &chunk, worker) { return fed }
        }
    }

    /// The same of Amazon's framing, in which what the provider says and how it failed are messages of different kinds.
    private mutating func feedMessages(
        _ payload: ByteSlice, _ stream: StreamTranslation, _ usage: inout UsageReader, _ chunk: inout ChunkBuilder, _ worker: Worker
    ) -> Fed {
        var at = 0
        while true {
            let message: AmazonEvent
            do throws(AmazonEventStreamError) {
                guard let next = try decoder?.next(payload, from: &at) else { return .fine }
                message = next
            } catch {
                return .broken
            }
            guard message.isFailure else {
                if let fed = take(message.type, message.data, stream, &usage, &chunk, worker) { return fed }
                continue
            }
            guard chunk.reserve(Translator.failureByteCount(message.data), worker) else { return .broken }
            var scratch = ByteWriter(worker.routingScratch, capacity: GatewayLimits.routingTextByteCount)
            chunk.write { worker.translator.writeFailure(type: message.type, message.data, stream, scratch: &scratch, to: &$0) }
            return chunk.overflowed ? .broken : .failed
        }
    }

    /// Translates one event; nil to go on.
    private func take(
        _ type: ByteSlice, _ data: ByteSlice, _ stream: StreamTranslation, _ usage: inout UsageReader, _ chunk: inout ChunkBuilder, _ worker: Worker
    ) -> Fed? {
        _ = usage.readEvent(data)
        do throws(TranslationFault) {
            let room = try worker.translator.readEvent(data)
            guard room <= GatewayLimits.translatedEventByteCount, chunk.reserve(room, worker) else { return .broken }
            try chunk.write { (writer) throws(TranslationFault) in
                try worker.translator.writeEvent(type: type, stream, to: &writer)
            }
        } catch {
            return .broken
        }
        // Cannot be, by the room that was asked for; and a stream that lost a piece must not look whole.
        guard !chunk.overflowed else { return .broken }
        if stream.hasFailed { return .failed }
        return stream.hasLastEvent && !end(stream, &chunk, worker) ? .broken : nil
    }

    /// Says the client's last events, once: it need not wait for the end of the provider's framing.
    private func end(_ stream: StreamTranslation, _ chunk: inout ChunkBuilder, _ worker: Worker) -> Bool {
        guard chunk.reserve(GatewayLimits.translationSlackByteCount, worker) else { return false }
        chunk.write { stream.end(to: &$0) }
        return !chunk.overflowed
    }

    /// Whether the provider's stream has said all, whatever becomes of its framing.
    var isComplete: Bool { mode == .stream && stream?.isComplete == true }

    /// OpenAI's last event, which is no JSON.
    private func isEnd(_ data: ByteSlice) -> Bool { data.count <= 8 && data.trimmed == "[DONE]" }

    /// Appends what a complete stream still owes; false when it was cut.
    mutating func finishStream(into chunk: inout ChunkBuilder, _ worker: Worker) -> Bool {
        guard let stream, stream.isComplete else { return false }
        return end(stream, &chunk, worker)
    }
}
