import Bytes
import HTTP
import Policy
import Providers

/// A stream's beginning, held until it is known to be an answer: an error inside a 200 can then still be another target's turn.
extension Exchange {
    enum Opening: Equatable {
        case undecided
        case content
        case failed(status: Int)
    }

    /// Whether the stream whose head is in `worker.answerHead` is held: only where something could be done about an error, or
    /// content has a time of its own.
    func holdsOpening(_ head: ByteSlice) -> Bool {
        guard let plan, (200...299).contains(worker.answerHead.status) else { return false }
        guard plan.hasAlternatives || plan.destination.firstTokenNanoseconds != nil else { return false }
        return saysStream(head, attempt.translation?.provider)
    }

    /// What `bytes`, all that has come of the body behind the head in `worker.answerHead`, begin with.
    func opening(_ bytes: ByteSlice) -> Opening {
        guard bytes.count < GatewayLimits.openingByteCount else { return .content }
        let provider = attempt.translation?.provider
        guard case .chunked = worker.answerHead.framing else { return Exchange.opening(payload: bytes, provider) }
        var decoder = ChunkedDecoder(limits: worker.limits.answerHead)
        var payload = ByteWriter(worker.openingScratch, capacity: GatewayLimits.openingByteCount)
        var at = 0
        do throws(HTTPError) {
            loop: while true {
                switch try decoder.next(bytes, from: at) {
                case .payload(let run):
                    payload.append(bytes[run])
                    at = run.upperBound
                case .needMore: break loop
                // An answer that ends without content is one.
                case .end:
                    let opening = Exchange.opening(payload: payload.written, provider)
                    return opening == .undecided ? .content : opening
                }
            }
        } catch {
            // The relay says what is wrong with it.
            return .content
        }
        return Exchange.opening(payload: payload.written, provider)
    }

    private static func opening(payload: ByteSlice, _ provider: Dialect?) -> Opening {
        if provider == .bedrock { return opening(messages: payload) }
        var scanner = EventBoundaryScanner()
        var start = 0
        while let event = scanner.next(payload, from: start) {
            start = event.end
            guard event.hasData else { continue }
            // Data in several lines is nothing any provider begins with.
            guard let data = event.payload else { return .content }
            switch StreamOpening(event: payload[data]) {
            case .nothing: continue
            case .content: return .content
            case .failed(let status): return .failed(status: status)
            }
        }
        return .undecided
    }

    /// The same in Amazon's framing. Bytes that are not of it are no answer, and somebody else may give one.
    private static func opening(messages payload: ByteSlice) -> Opening {
        var decoder = AmazonEventStreamDecoder()
        var at = 0
        do throws(AmazonEventStreamError) {
            while let message = try decoder.next(payload, from: &at) {
                switch StreamOpening(converse: message.type, isFailure: message.isFailure, message.data) {
                case .nothing: continue
                case .content: return .content
                case .failed(let status): return .failed(status: status)
                }
            }
        } catch {
            return .failed(status: 502)
        }
        return .undecided
    }

    /// What a 429 or a 503 asks for, and what its body says of why.
    func noteRefusal(_ status: Int, _ head: ByteSlice, _ body: ByteSlice) {
        answer.retryAfterMilliseconds = nil
        answer.isQuotaSpent = false
        if status == 401, attempt.tokenGrant > 0, let source = plan?.destination.keys[attempt.key].tokenSource {
            worker.giveUpToken(of: source, grantedAt: attempt.tokenGrant)
        }
        guard status == 429 || status == 503 else { return }
        answer.retryAfterMilliseconds = RetryAfter.milliseconds(worker.answerHead.fields, in: head, wallSeconds: worker.wallNanoseconds() / 1_000_000_000)
        answer.isQuotaSpent = status == 429 && body.firstRange(of: ByteSlice("insufficient_quota")) != nil
    }
}
