import Bytes
import Cache
import HTTP
import Providers

/// What one request was and did, as the access log tells it: a value of fixed size, filled on the
/// worker and written elsewhere. Holds no secret.
///
/// Packed it takes as many bytes as its texts have, some 200: a full ring then stays in the processor's cache.
struct AccessRecord: BitwiseCopyable, Sendable {
    /// All of it that is no text.
    struct Figures: BitwiseCopyable, Sendable {
        var wallNanoseconds: UInt64 = 0
        var cost = AnswerCost()
        /// What it would have been, had the answer not been kept.
        var saved = AnswerCost()
        /// From the request's first byte; zero when none came.
        var firstByteNanoseconds: UInt64 = 0
        /// The same, until the first of a stream's body; zero for other answers.
        var firstTokenNanoseconds: UInt64 = 0
        var totalNanoseconds: UInt64 = 0
        /// Until the request that was answered had left, but for attempts before it and its wait for a connection.
        var gatewayNanoseconds: UInt64 = 0
        /// In pools' queues, all attempts together; and of that, while the connections that came of it were being made.
        var queueNanoseconds: UInt64 = 0
        var connectNanoseconds: UInt64 = 0
        /// In pools' queues, of the attempt that was answered: what others waited has run beside a provider, or in the time of one.
        var answeredQueueNanoseconds: UInt64 = 0
        var receivedByteCount: UInt64 = 0
        var sentByteCount: UInt64 = 0
        /// Of attempts whose answers nobody got, and of an answer that no provider has counted.
        var lostTokens: Int64 = 0
        var lostNanodollars: Int64 = 0
        var status: UInt16 = 0
        var endpoint = Endpoint.unknown
        var attempts: UInt8 = 0
        var version = HTTPVersion.http11
        /// What was spoken with the upstream that answered, or that was asked last; nil where none was.
        var upstreamVersion: HTTPVersion?
        /// The trace id is the request's own id: the client gave none.
        var hasOwnTrace = false
        var cacheStatus = Caching.Status.disabled
        var isStream = false
        var wasAborted = false
        /// A second attempt was begun beside the first; the tries tell which won.
        var wasHedged = false
        /// 2 for TLS 1.2, 3 for 1.3, 0 for plaintext.
        var tlsVersion: UInt8 = 0
        /// Bytes of the tries, which lie behind the packed record.
        var triesByteCount: UInt16 = 0
    }

    var figures = Figures()
    var identifier = InlineText<36>()
    /// Empty when the request's own id is its trace.
    var traceIdentifier = InlineText<128>()
    var method = InlineText<16>()
    var path = InlineText<64>()
    var key = InlineText<48>()
    /// Whose client certificate came with it.
    var certificate = InlineText<64>()
    /// On whose behalf, as the request says.
    var user = InlineText<48>()
    var provider = InlineText<32>()
    var model = ModelText()
    /// That of the answer, where it names one.
    var servedModel = InlineText<64>()
    var errorCode = InlineText<32>()
    var peer = InlineText<48>()
    /// Values of labels that metrics were asked to have; empty where they were not.
    var moreLabels = InlineText<192>()

    /// Makes this the record of another request. In place: the texts' storage is not cleared.
    mutating func reset() {
        figures = Figures()
        identifier.removeAll()
        traceIdentifier.removeAll()
        method.removeAll()
        path.removeAll()
        key.removeAll()
        certificate.removeAll()
        user.removeAll()
        provider.removeAll()
        model.removeAll()
        servedModel.removeAll()
        errorCode.removeAll()
        peer.removeAll()
        moreLabels.removeAll()
    }

    // MARK: Packed

    /// The most bytes a packed record takes: the figures, each text with its length before it, and the tries.
    static let largestPackedByteCount = MemoryLayout<AccessRecord>.stride + GatewayLimits.triesByteCount

    /// Appends the record; needs room for `largestPackedByteCount` bytes.
    mutating func pack(to writer: inout ByteWriter) {
        withUnsafeBytes(of: &figures) { raw in
            if let base = raw.baseAddress { writer.append(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: raw.count)) }
        }
        AccessRecord.pack(&identifier, to: &writer)
        AccessRecord.pack(&traceIdentifier, to: &writer)
        AccessRecord.pack(&method, to: &writer)
        AccessRecord.pack(&path, to: &writer)
        AccessRecord.pack(&key, to: &writer)
        AccessRecord.pack(&certificate, to: &writer)
        AccessRecord.pack(&user, to: &writer)
        AccessRecord.pack(&provider, to: &writer)
        AccessRecord.pack(&model, to: &writer)
        AccessRecord.pack(&servedModel, to: &writer)
        AccessRecord.pack(&errorCode, to: &writer)
        AccessRecord.pack(&peer, to: &writer)
        AccessRecord.pack(&moreLabels, to: &writer)
    }

    /// Takes the record that `pack` wrote to the start of `bytes`; returns how many bytes it took.
    mutating func unpack(_ bytes: ByteSlice) -> Int {
        figures = UnsafeRawPointer(bytes.base).loadUnaligned(as: Figures.self)
        var at = MemoryLayout<Figures>.size
        AccessRecord.unpack(&identifier, bytes, &at)
        AccessRecord.unpack(&traceIdentifier, bytes, &at)
        AccessRecord.unpack(&method, bytes, &at)
        AccessRecord.unpack(&path, bytes, &at)
        AccessRecord.unpack(&key, bytes, &at)
        AccessRecord.unpack(&certificate, bytes, &at)
        AccessRecord.unpack(&user, bytes, &at)
        AccessRecord.unpack(&provider, bytes, &at)
        AccessRecord.unpack(&model, bytes, &at)
        AccessRecord.unpack(&servedModel, bytes, &at)
        AccessRecord.unpack(&errorCode, bytes, &at)
        AccessRecord.unpack(&peer, bytes, &at)
        AccessRecord.unpack(&moreLabels, bytes, &at)
        return at
    }

    private static func pack<let capacity: Int>(_ text: inout InlineText<capacity>, to writer: inout ByteWriter) {
        writer.append(UInt8(truncatingIfNeeded: text.count))
        if !text.isEmpty { text.withBytesInPlace { writer.append($0) } }
    }

    private static func unpack<let capacity: Int>(_ text: inout InlineText<capacity>, _ bytes: ByteSlice, _ at: inout Int) {
        let end = at + 1 + Int(bytes[at])
        text.set(bytes[(at + 1)..<end])
        at = end
    }
}
