import Bytes
import HTTP
import Health
import Ledger
import Policy
import Providers
import Reactor

/// One try at one target of the decision.
struct Attempt {
    enum State: BitwiseCopyable {
        /// Nothing done yet.
        case new
        /// In a pool's queue.
        case queued
        /// The pool has given a connection.
        case connected
        /// A token is being fetched.
        case awaitingToken
        /// The back office makes room in the ledger of budgets; it has.
        case awaitingGrant, granted
        /// A pause before a repeat.
        case pausing
        /// The request is being or has been written.
        case sent
    }

    var state = State.new
    var totalDeadline = Instant.distantFuture
    /// Tries at the current target after its first.
    var repeats = 0
    /// Tries at all targets.
    var total = 0
    /// The reused connection died before its answer began: this try goes to a fresh one.
    var wantsFresh = false
    /// How often that has happened to this request.
    var freshTries = 0
    /// The provider asked for a longer wait than is taken: no more repeats at this target.
    var stoppedRepeating = false
    /// Milliseconds waited before repeats so far.
    var pausedMilliseconds: UInt64 = 0
    /// Which of the destination's keys it carries.
    var key = 0
    /// When its token was granted; 0 where it carries none.
    var tokenGrant: UInt64 = 0
    /// Keys of earlier tries at this target, one bit each.
    var triedKeys: UInt64 = 0
    /// What an earlier key of this request was refused with.
    var keyStatus = 0
    /// Its place in the trail; negative before it has one.
    var trailIndex = -1
    /// The right to be made, until what came of it is told.
    var admission: Admission?
    /// It counts as in flight at its target.
    var isCounted = false
    /// What it has reserved and is counted in; nil where nothing is.
    var spending: Spending?
    /// At what terms its provider is asked to serve it, where there are prices.
    var tier = ServiceTier.standard
    /// How often the back office was asked for room.
    var grantTries = 0
    var begunAt = Instant(nanoseconds: 0)
    /// When the attempt beside which it was begun came to nothing; the beginning where there was none.
    var aloneSince = Instant(nanoseconds: 0)
    /// For how long it has waited in a pool's queue.
    var queuedNanoseconds: UInt64 = 0
    var sentAt = Instant(nanoseconds: 0)
    /// From the request's first byte to its answer's; 0 before that has come.
    var firstByteNanoseconds: UInt64 = 0
    /// When a second attempt is begun beside this one.
    var hedgeAt = Instant.distantFuture
    /// When a stream's first content came.
    var contentAt = Instant(nanoseconds: 0)
    /// How the request was said to the target's dialect; nil when it went as it was.
    var translation: Translation?
    /// Bytes of the path that goes with it, in the worker's scratch while the request is written.
    var pathByteCount = 0
    /// What the client said of the answer, for its translation: a stream, its usage, and more than OpenAI documents.
    var wantsStream = false
    var wantsUsage = false
    var wantsBase64 = false
    var isLoose = false
    /// Whether we asked for usage that the client had not: its event is taken out again.
    var addedUsage = false
}
