import Bytes
import HTTP2
import Reactor

/// What a worker has for its HTTP/2 connections, clients' and upstreams': their streams, memory that serves one after the other, and who has frames to write.
final class HTTP2Workspace {
    private var streams = SlotTable<HTTP2Stream>(kind: Worker.Kind.stream)
    private var calls = SlotTable<UpstreamStream>(kind: Worker.Kind.call)
    /// Where a connection's bytes are read to.
    let readScratch = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.readByteCount)
    /// Where the frames of a write are gathered.
    var frames = FrameList()
    let scratch = HTTP2Scratch()
    private var writers: ContiguousArray<HTTP2Link> = []
    private var spareRuns: ContiguousArray<ContiguousArray<ByteSlice>> = []

    deinit { readScratch.deallocate() }

    // MARK: Streams

    var streamCount: Int { streams.count }

    func add(_ make: (Token) -> HTTP2Stream) -> HTTP2Stream { streams.insert(make) }

    func stream(_ token: Token) -> HTTP2Stream? { streams.object(for: token) }

    /// The stream a session knows by `tag`.
    func stream(_ tag: UInt64) -> HTTP2Stream? { streams.object(for: Token(rawValue: tag)) }

    func forget(_ stream: HTTP2Stream) { streams.remove(stream.token) }

    func addCall(_ make: (Token) -> UpstreamStream) -> UpstreamStream { calls.insert(make) }

    func call(_ token: Token) -> UpstreamStream? { calls.object(for: token) }

    /// The call a session knows by `tag`.
    func call(_ tag: UInt64) -> UpstreamStream? { calls.object(for: Token(rawValue: tag)) }

    func forget(_ call: UpstreamStream) { calls.remove(call.token) }

    /// An empty list of runs for a new stream, in memory that one before it had.
    func takeRuns() -> ContiguousArray<ByteSlice> { spareRuns.popLast() ?? [] }

    /// Keeps the memory of a list for a stream to come.
    func giveBack(_ runs: consuming ContiguousArray<ByteSlice>) {
        guard spareRuns.count < GatewayLimits.spareRunLists, 1...GatewayLimits.runsOfSpareList ~= runs.capacity else { return }
        runs.removeAll(keepingCapacity: true)
        spareRuns.append(runs)
    }

    // MARK: Writing

    /// Has `connection` write its frames at the end of this turn, all that it has by then.
    func schedule(_ connection: HTTP2Link) { writers.append(connection) }

    /// Whether any has frames to write.
    var hasWriters: Bool { !writers.isEmpty }

    func writeFrames() {
        var index = 0
        // A write may end an exchange, and that begin another with something to say.
        while index < writers.count {
            writers[index].write()
            index += 1
        }
        writers.removeAll(keepingCapacity: true)
    }
}
