import Bytes
import CCurl
import JSON
public import Reactor
import Synchronization

/// Exchanges secrets for tokens, on a thread of its own: no request's thread ever waits for it.
///
/// A token is fetched once for the whole process and given to whoever asks while it is fresh. Asked early, a source's next token
/// is there before the one in use ends.
public final class TokenFetcher: Sendable {
    private struct Ask: Sendable {
        let source: TokenSource
        /// Tokens granted so early serve no more, whatever was said of their life.
        let after: UInt64
        let reply: @Sendable (TokenOutcome) -> Void
    }

    private struct State {
        var asks: [Ask] = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let wakeup: Wakeup

    /// Starts the thread.
    public init() throws(SystemError) {
        wakeup = try Wakeup()
    }

    /// The thread's body: answers until `stop`.
    public func run() {
        var cache: [TokenSource: TokenOutcome] = [:]
        var failedAt: [TokenSource: UInt64] = [:]
        while true {
            // One at a time: what comes in meanwhile and is urgent goes before the rest.
            let (next, isStopping) = state.withLock { ($0.asks.isEmpty ? nil : $0.asks.removeFirst(), $0.isStopping) }
            if isStopping { return }
            guard let ask = next else {
                wakeup.wait()
                continue
            }
            do {
                let now = Instant.now().nanoseconds
                if let known = cache[ask.source], TokenFetcher.isFresh(known, after: ask.after, failedAt: failedAt[ask.source] ?? 0, now: now) {
                    ask.reply(known)
                    continue
                }
                let outcome = TokenFetcher.fetch(ask.source)
                if cache.count >= TokenLimits.sources { (cache, failedAt) = ([:], [:]) }
                cache[ask.source] = outcome
                failedAt[ask.source] = Instant.now().nanoseconds
                ask.reply(outcome)
            }
        }
    }

    private static func isFresh(_ outcome: TokenOutcome, after: UInt64, failedAt: UInt64, now: UInt64) -> Bool {
        switch outcome {
        case .granted(let token): now < token.renewsAtNanoseconds && token.grantedAtNanoseconds > after
        case .refused: now < failedAt + TokenLimits.refusalNanoseconds
        }
    }

    /// Asks for a token of `source`; `reply` is called on the fetcher's thread, once. False when too many wait already.
    ///
    /// - Parameters:
    ///   - isUrgent: the operator's: it goes before those of callers' own clients.
    ///   - after: the token wanted was granted later than this, on the monotonic clock; 0 for any.
    public func ask(_ source: TokenSource, isUrgent: Bool, after: UInt64 = 0, reply: @escaping @Sendable (TokenOutcome) -> Void) -> Bool {
        let isQueued = state.withLock { state in
            guard state.asks.count < (isUrgent ? TokenLimits.asks : TokenLimits.callersAsks), !state.isStopping else { return false }
            state.asks.insert(Ask(source: source, after: after, reply: reply), at: isUrgent ? 0 : state.asks.count)
            return true
        }
        wakeup.signal()
        return isQueued
    }

    public func stop() {
        state.withLock { $0.isStopping = true }
        wakeup.signal()
    }

    // MARK: One exchange

    /// Why libcurl cannot be used, where it cannot. It is loaded for the first that needs it.
    private static let libraryFault: String? = {
        var error = [CChar](repeating: 0, count: 256)
        return curl_load(&error) == 0 ? nil : String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    static func fetch(_ source: TokenSource) -> TokenOutcome {
        if let libraryFault { return .refused("no token from \(source.authority): \(libraryFault)") }
        var answer = Answer()
        let wallSeconds = wallClockNanoseconds() / 1_000_000_000
        do throws(TokenFault) {
            let code =
                switch try source.form(wallSeconds: wallSeconds) {
                case .some(let form):
                    if case .role(let role) = source.grant {
                        answer.post(form, to: source.url, signedFor: role)
                    } else {
                        answer.post(form, to: source.url)
                    }
                case nil: answer.get(source.url)
                }
            guard code == 0 else { return .refused("no token from \(source.authority): \(answer.words)") }
        } catch {
            return .refused(error.message)
        }
        return read(answer.bytes, status: answer.status, of: source, now: Instant.now().nanoseconds, wallSeconds: wallSeconds)
    }

    /// Room for an answer, and what libcurl says where there is none.
    private struct Answer {
        private var out = [CChar](repeating: 0, count: TokenLimits.answerByteCount)
        private var error = [CChar](repeating: 0, count: 256)
        private var count = 0
        private(set) var status = 0

        mutating func post(_ form: borrowing Wiped, to url: String) -> CInt {
            form.withBytes { form in
                form.base.withMemoryRebound(to: CChar.self, capacity: form.count) { bytes in
                    curl_post_form(url, bytes, form.count, TokenLimits.timeoutMilliseconds, &out, out.count, &count, &status, &error)
                }
            }
        }

        mutating func post(_ form: borrowing Wiped, to url: String, signedFor role: AssumedRole) -> CInt {
            let user = role.userAndPassword()
            let fields = role.fields()
            return form.withBytes { form in
                user.withBytes { user in
                    fields.withBytes { fields in
                        curl_post_signed(
                            url, Answer.characters(form), form.count, "aws:amz:\(role.region):sts", Answer.characters(user), Answer.characters(fields),
                            TokenLimits.timeoutMilliseconds, &out, out.count, &count, &status, &error)
                    }
                }
            }
        }

        private static func characters(_ bytes: ByteSlice) -> UnsafePointer<CChar> { UnsafeRawPointer(bytes.base).assumingMemoryBound(to: CChar.self) }

        /// Azure's metadata service answers only who sends this field: no page and no redirect can.
        mutating func get(_ url: String) -> CInt {
            curl_get(url, "Metadata: true", TokenLimits.timeoutMilliseconds, &out, out.count, &count, &status, &error)
        }

        var bytes: [UInt8] { out.prefix(count).map { UInt8(bitPattern: $0) } }
        var words: String { String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    }

    /// Reads the token endpoint's answer.
    /// - Source: RFC 6749 §5.1, §5.2
    static func read(_ answer: [UInt8], status: Int, of source: TokenSource, now: UInt64, wallSeconds: UInt64 = 0) -> TokenOutcome {
        var tape = JSONTape()
        return answer.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, let root = try? tape.parse(ByteSlice(base, count: buffer.count)) else {
                return .refused("\(source.authority) answered \(status) and no JSON")
            }
            if case .role(let role) = source.grant {
                return role.read(root, status: status, authority: source.authority, now: now, wallSeconds: wallSeconds)
            }
            guard status == 200, let token = root["access_token"]?.string, !token.hasEscapes, !token.content.isEmpty else {
                let code = root["error"]?.string.map { String($0.content) } ?? "no access_token"
                let words = root["error_description"]?.string.map { ": " + String($0.content.prefix(min(300, $0.content.count))) } ?? ""
                return .refused("\(source.authority) refused \(source.subject) a token (\(status), \(code)\(words))")
            }
            // A number by the RFC; some write it as a string.
            let seconds = root["expires_in"]?.integer ?? root["expires_in"]?.string?.content.decimal ?? 300
            guard seconds > 0 else { return .refused("\(source.authority) gave \(source.subject) a token that has ended already") }
            let life = UInt64(min(seconds, TokenLimits.longestSeconds)) * 1_000_000_000
            return .granted(AccessToken(bytes: [UInt8](token.content), now: now, lifeNanoseconds: life))
        }
    }
}
