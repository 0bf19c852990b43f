import Bytes
import HTTP
import JSON
import Ledger
import Providers

/// A request of the Files or Batch API at a provider that has neither: requests to an object store and of jobs in its place.
///
/// An object of its own, made for the few requests that are one: in place it would cost every exchange its size.
final class BatchCall {
    let operation: BatchRoute.Operation
    /// Of the file or the batch, decoded once.
    let id: [UInt8]
    /// The target it has been made ready for; −1 before the first.
    private(set) var target = -1

    /// What is asked of the provider next. Some operations take two of them.
    enum Leg: Equatable {
        case put, head, get, delete
        case createJob, getJob, listJobs, stopJob

        var isStorage: Bool {
            switch self {
            case .put, .head, .get, .delete: true
            case .createJob, .getJob, .listJobs, .stopJob: false
            }
        }

        var method: HTTP.Method {
            switch self {
            case .put: .put
            case .head: .head
            case .get, .getJob, .listJobs: .get
            case .delete: .delete
            case .createJob, .stopJob: .post
            }
        }
    }

    var leg = Leg.get
    /// The object that is written, read or deleted.
    var object: BucketObject?
    /// The batch that is asked about, as its path names it: decoded.
    var job: [UInt8] = []
    var order = BatchOrder()
    /// Of a list: how many, and before which time.
    var limit = 20
    var before = InlineText<40>()
    var purpose: [UInt8] = []
    var encryption: [UInt8] = []
    var encryptionKey: [UInt8] = []

    // An upload's rows, as far as they have been said in the provider's form.
    /// Where the file stands in the request.
    var file = 0..<0
    var isTranslated = false
    /// The file's bytes taken so far, and its lines.
    var taken = 0
    var lineCount = 0
    var rowCount = 0
    var isReady = false
    var hash = PayloadHash()
    var digest: PayloadDigest?
    var tape = JSONTape()
    var notes = TranslationNotes()
    private var content: Block?
    private(set) var contentCount = 0

    // A file's rows on their way to the client.
    private var row = BatchAnswerRow()
    /// The beginning of a row whose end has not come.
    private var held: Block?
    private var heldCount = 0
    private var sentRows = 0

    // What the head of an answer says of a file.
    var size: Int64 = 0
    var modifiedAt: Int64 = 0

    init(_ route: BatchRoute) {
        operation = route.operation
        id = PercentText.decoded(route.id)
    }

    /// Begins anew, for another target.
    func begin(target: Int) {
        self.target = target
        object = nil
        file = 0..<0
        taken = 0
        lineCount = 0
        rowCount = 0
        isReady = false
        hash = PayloadHash()
        digest = nil
        notes.removeAll()
        content = nil
        contentCount = 0
        held = nil
        heldCount = 0
        sentRows = 0
    }

    // MARK: Rows of an upload

    /// What is sent: valid until more is written.
    var contentBytes: ByteSlice {
        switch content {
        case .some(let block): block.slice(0..<contentCount)
        case nil: ByteSlice("")
        }
    }

    /// Appends what `body` writes, in a block that grows until it fits; false when there is no memory for that, or it passes `limit`.
    func write(atLeast byteCount: Int, limit: Int, _ blocks: BlockPool, _ body: (inout ByteWriter) throws(Rejection) -> Void) throws(Rejection) -> Bool {
        var wanted = contentCount + byteCount
        while true {
            guard wanted <= limit else { return false }
            if capacity < wanted {
                guard let larger = blocks.lease(atLeast: max(wanted, min(2 * contentCount, limit))) else { return false }
                if let smaller = content.take() { larger.copy(smaller.slice(0..<contentCount), to: 0) }
                content = consume larger
            }
            guard let base else { return false }
            var writer = ByteWriter(base + contentCount, capacity: capacity - contentCount)
            do throws(Rejection) {
                try body(&writer)
            } catch {
                // What was cut off for want of room is no fault of the client's.
                if !writer.overflowed { throw error }
            }
            if !writer.overflowed {
                contentCount += writer.count
                return true
            }
            wanted = 2 * capacity
        }
    }

    private var capacity: Int {
        switch content {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    private var base: UnsafeMutablePointer<UInt8>? {
        switch content {
        case .some(let block): block.base
        case nil: nil
        }
    }

    // MARK: Rows of a file

    /// Says the rows that end in `payload` again, into `chunk`; false when one is too long, or there is no memory for it.
    func feed(_ payload: ByteSlice, _ options: AnswerOptions, into chunk: inout ChunkBuilder, _ worker: Worker) -> Bool {
        var rest = payload
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest.prefix(end)
            rest = rest.dropFirst(end + 1)
            guard heldCount == 0 || hold(line, worker.blocks) else { return false }
            guard send(heldCount == 0 ? line : heldBytes, options, into: &chunk, worker) else { return false }
            held = nil
            heldCount = 0
        }
        return rest.isEmpty || hold(rest, worker.blocks)
    }

    /// The file is over: its last row needs no line's end.
    func finish(_ options: AnswerOptions, into chunk: inout ChunkBuilder, _ worker: Worker) -> Bool {
        guard heldCount > 0 else { return true }
        defer {
            held = nil
            heldCount = 0
        }
        return send(heldBytes, options, into: &chunk, worker)
    }

    private var heldBytes: ByteSlice {
        switch held {
        case .some(let block): block.slice(0..<heldCount)
        case nil: ByteSlice("")
        }
    }

    private var heldCapacity: Int {
        switch held {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    private func hold(_ bytes: ByteSlice, _ blocks: BlockPool) -> Bool {
        let needed = heldCount + bytes.count
        guard needed <= GatewayLimits.batchRowByteCount else { return false }
        if heldCapacity < needed {
            guard let larger = blocks.lease(atLeast: max(needed, 2 * heldCount, BufferLimits.smallestBlockByteCount)) else { return false }
            if let smaller = held.take() { larger.keep(smaller.slice(0..<heldCount)) }
            held = consume larger
        }
        held?.keep(bytes, at: heldCount)
        heldCount = needed
        return true
    }

    private func send(_ line: ByteSlice, _ options: AnswerOptions, into chunk: inout ChunkBuilder, _ worker: Worker) -> Bool {
        // Lines may end as on other systems.
        var line = line.trimmed
        if !line.isEmpty, line[line.count - 1] == UInt8(ascii: "\r") { line = line.prefix(line.count - 1) }
        guard !line.isEmpty else { return true }
        sentRows += 1
        var message: String? = row.read(line) ? nil : "the provider's row is no JSON object"
        var wanted = min(2 * line.count + GatewayLimits.translationSlackByteCount, GatewayLimits.translatedEventByteCount)
        while message == nil {
            guard wanted <= GatewayLimits.translatedEventByteCount, chunk.reserve(wanted, worker) else { return false }
            do throws(TranslationFault) {
                try chunk.write { (writer) throws(TranslationFault) in
                    do throws(TranslationFault) {
                        try row.write(sentRows, options, &worker.translator, to: &writer)
                    } catch {
                        if !writer.overflowed { throw error }
                    }
                    writer.append("\n")
                }
                guard chunk.overflowed else { return true }
                wanted *= 2
            } catch {
                message = error.message
            }
        }
        guard let message, chunk.reserve(6 * message.utf8.count + line.count + GatewayLimits.translationSlackByteCount, worker) else { return false }
        Array(message.utf8).withByteSlice { message in
            chunk.write { writer in
                row.writeFailure(sentRows, message, to: &writer)
                writer.append("\n")
            }
        }
        return !chunk.overflowed
    }
}
