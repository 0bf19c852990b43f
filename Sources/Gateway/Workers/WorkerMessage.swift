import Bytes
import Cache
import Policy
import Reactor
import Tokens

/// What the rest of the process may ask of a worker.
enum WorkerMessage: Sendable {
    /// Stop accepting, finish what is in flight, then return.
    case drain(DrainReason)
    /// Say that this worker turns.
    case answer(RollCall)
    /// Serve by this snapshot from the next request on.
    case adopt(Snapshot)
    /// The fetcher's answer to this worker's question.
    case token(TokenSource, TokenOutcome)
    /// The routing headers whose text this is, compiled under the snapshot of that version.
    case compiled([UInt8], UInt64, Result<CompiledHeaders, ConfigRefusal>)
    /// More has come of an answer that requests of this worker wait for.
    case flight(Flight)
    /// Somebody waits for an answer that this worker fetches, and did not before.
    case flightJoined(Flight)
    /// Nobody waits any more for an answer that this worker fetches.
    case flightLeft(Flight)
    /// The ledger of budgets has room for what this client's request, of that id, may cost; or what is in the way.
    case granted(Token, InlineText<36>, AccountFault?)
    /// What an operator asked over this client's connection, in the request of that id.
    case operatorAnswer(Token, InlineText<36>, Operations.Answer)
    /// The next part of a long answer to the request of that id.
    case longAnswer(Token, InlineText<36>, BackOfficePart)
}
