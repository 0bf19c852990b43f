import Bytes

/// What one request was and did, as the access log tells it: a value of fixed size, made on the
/// worker and written elsewhere. Holds no secret.
struct AccessRecord: BitwiseCopyable, Sendable {
    var identifier = InlineText<36>()
    var traceIdentifier = InlineText<128>()
    var wallNanoseconds: UInt64 = 0
    var method = InlineText<16>()
    var path = InlineText<64>()
    var key = InlineText<48>()
    /// On whose behalf, as the request says.
    var user = InlineText<48>()
    var provider = InlineText<32>()
    var model = InlineText<64>()
    var errorCode = InlineText<32>()
    var peer = InlineText<48>()
    var status: UInt16 = 0
    var attempts: UInt8 = 0
    /// The trace id is the request's own id: the client gave none.
    var hasOwnTrace = false
    var isStream = false
    var wasAborted = false
    var inputTokens: Int64 = -1
    var outputTokens: Int64 = -1
    /// From the request's first byte; zero when none came.
    var firstByteNanoseconds: UInt64 = 0
    var totalNanoseconds: UInt64 = 0
    var receivedByteCount: UInt64 = 0
    var sentByteCount: UInt64 = 0
}
