import Bytes
import HTTP
import Policy
import Reactor

/// One try at one target of the decision.
struct Attempt: BitwiseCopyable {
    enum State: BitwiseCopyable {
        /// Nothing done yet.
        case new
        /// In a pool's queue.
        case queued
        /// The pool has given a connection.
        case connected
        /// A pause before a repeat.
        case pausing
        /// The request is being or has been written.
        case sent
    }

    var state = State.new
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
    var sentAt = Instant(nanoseconds: 0)
    var totalDeadline = Instant.distantFuture
    /// Whether we asked for usage that the client had not: its event is taken out again.
    var addedUsage = false
}
