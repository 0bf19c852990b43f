import Bytes
import Cache
import Policy
import Providers

/// What one request has to do with the cache.
struct Caching {
    /// What the client is told, in the words of the wire reference §2.2.
    enum Status: UInt8, BitwiseCopyable {
        case disabled, miss, semanticMiss, refresh, hit

        var text: StaticString {
            switch self {
            case .disabled: "DISABLED"
            case .miss: "MISS"
            case .semanticMiss: "SEMANTIC MISS"
            case .refresh: "REFRESH"
            case .hit: "HIT"
            }
        }

        /// The same in one word, for a line of words.
        var word: StaticString { self == .semanticMiss ? "SEMANTIC_MISS" : text }
    }

    /// The answer on its way to the cache, and to those that ask for it meanwhile.
    var flight: Flight?
    var status = Status.disabled
    /// Whether it was looked for: once a request, whatever targets follow.
    var isLookedUp = false
    /// How its answer is kept; nil where it is not.
    var rule: CacheRule?
    /// Of the answer in the form that was asked for.
    var key = CacheKey(low: 0, high: 0)
    var form = AnswerForm.whole
    var tags = CacheTags(tenant: 0, namespace: 0, model: 0)
    /// The shared cache's when it was looked for.
    var purgeCount: UInt64 = 0
    /// An answer too old to be given, unless nobody has a newer one.
    var stale: CacheBlob?
    var staleStoredAt: UInt64 = 0
    /// Whether others can find it.
    var isEntered = false
    /// Its client has left; others wait for its answer.
    var isOrphaned = false
    /// Another exchange tells of it in the log.
    var isRecorded = false
    /// Its client was too slow for those who wait for the same, and goes on by itself.
    var isLeftBehind = false
    /// What its client was sent ends with the provider's own word that it has failed.
    var hasToldFailure = false
    /// Its key leaves something out that its provider may refuse.
    var mayBeRefused = false
    /// A kept stream that is being given again at a pace.
    var replay: PacedReplay?
    /// Another request's answer, which is this one's as well.
    var followed: Flight?
    /// Bytes of it that the client has been sent.
    var position = 0

    mutating func reset() {
        guard isLookedUp else { return }
        self = Caching()
    }
}

/// In what form an answer is kept. The raw value is a part of its key.
enum AnswerForm: UInt8, BitwiseCopyable, CaseIterable {
    case whole
    case stream
    /// A stream that ends with its usage because its client asked for that.
    case streamWithUsage

    init(_ form: RequestedForm) { self = !form.isStream ? .whole : form.includesUsage ? .streamWithUsage : .stream }
}

extension Exchange {
    /// Whether the answer comes from the cache, and if not, why.
    func writeCacheStatus(to writer: inout ByteWriter) {
        writer.append("x-portkey-cache-status: ")
        writer.append(caching.status.text)
        writer.append("\r\n")
    }
}

extension Endpoint {
    /// Whether its answers may be kept: they follow from a body that is read, and change nothing.
    ///
    /// - Source: the wire reference §8, which leaves out files, batches, fine-tuning and edits of images.
    var isCacheable: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .countTokens, .responses, .imagesGenerations, .audioSpeech, .moderations, .rerank: true
        default: false
        }
    }
}
