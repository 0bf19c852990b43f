import Bytes
import Cache
import HTTP
import Providers

/// Gathers a read's translated events into one chunk, size line and payload in one run.
struct ChunkBuilder: ~Copyable {
    private let isChunked: Bool
    private let log: FlightLog?
    private var block: Block?
    private var count = 0
    private(set) var overflowed = false

    /// - Parameter log: gets a copy of what is gathered.
    init(isChunked: Bool, copyingTo log: FlightLog? = nil) {
        self.isChunked = isChunked
        self.log = log
    }

    private static let start = GatewayLimits.chunkLineByteCount

    private var base: UnsafeMutablePointer<UInt8>? {
        switch block {
        case .some(let block): block.base + ChunkBuilder.start
        case nil: nil
        }
    }

    /// Payload bytes the block can hold in all.
    var roomInBlock: Int {
        switch block {
        case .some(let block): block.capacity - ChunkBuilder.start - 2
        case nil: 0
        }
    }

    /// Makes room for another `byteCount` bytes, sending on what is there when the block is too small.
    mutating func reserve(_ byteCount: Int, _ worker: Worker) -> Bool {
        overflowed = false
        if roomInBlock - count >= byteCount { return true }
        flush(worker)
        let wanted = max(byteCount + ChunkBuilder.start + 2, BufferLimits.largestPooledBlockByteCount)
        guard !worker.runs.lacksRoom(for: GatewayLimits.runsKeptFree), let larger = worker.blocks.lease(atLeast: wanted) else { return false }
        block = consume larger
        return true
    }

    /// Appends what `body` writes, all of it or nothing.
    mutating func write(_ body: (inout ByteWriter) throws(TranslationFault) -> Void) throws(TranslationFault) {
        guard let base else { return }
        var writer = ByteWriter(base + count, capacity: roomInBlock - count)
        try body(&writer)
        overflowed = writer.overflowed
        if !overflowed { count += writer.count }
    }

    /// The same for what cannot fail.
    mutating func write(_ body: (inout ByteWriter) -> Void) {
        guard let base else { return }
        var writer = ByteWriter(base + count, capacity: roomInBlock - count)
        body(&writer)
        overflowed = writer.overflowed
        if !overflowed { count += writer.count }
    }

    /// Hands what was gathered to the worker's runs.
    mutating func flush(_ worker: Worker) {
        guard count > 0, let full = block.take() else { return }
        defer { count = 0 }
        let start = ChunkBuilder.start
        _ = log?.append(full.slice(start..<start + count))
        guard isChunked else {
            worker.runs.append(full.slice(start..<start + count))
            worker.runs.blocks.add(full)
            return
        }
        // The size line ends where the payload starts; the two places may overlap.
        var line = ByteWriter(full.base, capacity: start)
        line.append(chunkSize: count)
        let lineStart = start - line.count
        (full.base + lineStart).update(from: full.base, count: line.count)
        full.base[start + count] = 0x0D
        full.base[start + count + 1] = 0x0A
        worker.runs.append(full.slice(lineStart..<start + count + 2))
        worker.runs.blocks.add(full)
    }
}
