import Bytes
import HTTP

/// One message as a reader of the wire saw it.
struct TracedMessage: Equatable {
    var startLine: [String]
    var fields: [[String]]
    var body = ""
    var isComplete = false
    var framing: BodyFraming
    var keepAlive: Bool
}

/// What a connection's bytes came to: the messages, and how it ended.
struct MessageTrace: Equatable {
    enum Ending: Equatable {
        /// Between two messages.
        case idle
        /// In the middle of one.
        case midway
        /// Bytes came after a message that was the connection's last.
        case dataAfterClose
        case fault(HTTPError)
    }

    var messages: [TracedMessage] = []
    var ending = Ending.idle

    var isRejected: Bool {
        switch ending {
        case .fault, .dataAfterClose: true
        case .idle, .midway: false
        }
    }

    var fault: HTTPError? {
        if case .fault(let error) = ending { error } else { nil }
    }

    var completeCount: Int { messages.filter(\.isComplete).count }
}

/// Reads a connection's bytes the way a gateway would, in pieces that end at the given offsets.
///
/// Each piece is handed over in memory of its own, so that a parser that kept an address, or read past the
/// end, would be found out.
struct ConnectionReader: ~Copyable {
    private enum State { case head, length(Int64), chunked, untilClose, closed }

    private let isResponse: Bool
    private let requestMethod: HTTP.Method
    private let limits: HTTPLimits
    private var state = State.head
    private var requests: RequestParser
    private var responses: ResponseParser
    private var request: RequestHead
    private var response: ResponseHead
    private var decoder = ChunkedDecoder()
    private var trace = MessageTrace()
    private var position = 0

    init(responsesTo method: HTTP.Method? = nil, limits: HTTPLimits = HTTPLimits()) {
        isResponse = method != nil
        requestMethod = method ?? .get
        self.limits = limits
        requests = RequestParser(limits: limits)
        responses = ResponseParser(limits: limits)
        request = RequestHead(limits: limits)
        response = ResponseHead(limits: limits)
    }

    /// The trace of `bytes`, received in pieces that end at `cuts` and at the end.
    static func trace(
        _ bytes: [UInt8], cuts: [Int] = [], responsesTo method: HTTP.Method? = nil, limits: HTTPLimits = HTTPLimits()
    ) -> MessageTrace {
        var reader = ConnectionReader(responsesTo: method, limits: limits)
        for cut in cuts + [bytes.count] {
            do throws(HTTPError) {
                try reader.receive(bytes, upTo: cut)
            } catch {
                reader.trace.ending = .fault(error)
                return reader.trace
            }
        }
        reader.noteEnding(bytes.count)
        return reader.trace
    }

    private mutating func receive(_ bytes: [UInt8], upTo end: Int) throws(HTTPError) {
        var isStuck = false
        while !isStuck, position < end {
            let piece = Array(bytes[position..<end])
            let isOver = try piece.withByteSlice { slice throws(HTTPError) in try step(slice) }
            isStuck = isOver
        }
    }

    /// Takes what it can from the front; true when more bytes are needed.
    private mutating func step(_ slice: ByteSlice) throws(HTTPError) -> Bool {
        switch state {
        case .head:
            let progress = isResponse
                ? try responses.parse(slice, answering: requestMethod, into: &response)
                : try requests.parse(slice, into: &request)
            guard case .complete(let end) = progress else { return true }
            position += end
            begin(slice)
        case .length(let rest):
            let taken = min(Int64(slice.count), rest)
            appendBody(slice.prefix(Int(taken)))
            position += Int(taken)
            state = .length(rest - taken)
            if rest == taken { finishMessage() }
        case .chunked:
            var at = 0
            while true {
                switch try decoder.next(slice, from: at) {
                case .payload(let run):
                    appendBody(slice[run])
                    at = run.upperBound
                    continue
                case .needMore: position += slice.count
                case .end(let end):
                    position += end
                    finishMessage()
                }
                break
            }
        case .untilClose:
            appendBody(slice)
            position += slice.count
        case .closed:
            return true
        }
        return false
    }

    private mutating func begin(_ slice: ByteSlice) {
        let framing = isResponse ? response.framing : request.framing
        trace.messages.append(
            TracedMessage(
                startLine: isResponse
                    ? [version(response.version), String(response.status), text(slice[response.reasonRange])]
                    : [text(slice[request.methodRange]), text(slice[request.targetRange]), version(request.version)],
                fields: isResponse ? fields(of: response.fields, slice) : fields(of: request.fields, slice),
                framing: framing, keepAlive: isResponse ? response.keepAlive : request.keepAlive))
        switch framing {
        case .none, .length(0): finishMessage()
        case .length(let count): state = .length(count)
        case .chunked:
            decoder = ChunkedDecoder(limits: limits)
            state = .chunked
        case .untilClose: state = .untilClose
        }
    }

    private mutating func finishMessage() {
        trace.messages[trace.messages.count - 1].isComplete = true
        state = trace.messages[trace.messages.count - 1].keepAlive ? .head : .closed
    }

    private mutating func noteEnding(_ end: Int) {
        switch state {
        case .head: trace.ending = position < end ? .midway : .idle
        case .length, .chunked, .untilClose: trace.ending = .midway
        case .closed: trace.ending = position < end ? .dataAfterClose : .idle
        }
    }

    private mutating func appendBody(_ bytes: ByteSlice) {
        trace.messages[trace.messages.count - 1].body += text(bytes)
    }

    private func fields(of table: borrowing FieldTable, _ slice: ByteSlice) -> [[String]] {
        var fields: [[String]] = []
        for index in 0..<table.count {
            fields.append([text(slice[table[index].nameRange]), text(slice[table[index].valueRange])])
        }
        return fields
    }

    private func version(_ version: HTTPVersion) -> String { version == .http11 ? "1.1" : "1.0" }

    private func text(_ bytes: ByteSlice) -> String { String(latin1: [UInt8](bytes)) }
}

/// Whether `bytes` come to the same trace whole, one byte at a time, and cut in two at each offset (at a
/// sample of them where there are many).
func tracesAgree(_ bytes: [UInt8], responsesTo method: HTTP.Method? = nil, limits: HTTPLimits = HTTPLimits()) -> String? {
    let whole = ConnectionReader.trace(bytes, responsesTo: method, limits: limits)
    let step = bytes.count < 600 ? 1 : bytes.count / 60
    for cut in stride(from: 1, to: bytes.count, by: step) {
        let split = ConnectionReader.trace(bytes, cuts: [cut], responsesTo: method, limits: limits)
        if split != whole { return "cut at \(cut): \(split), whole: \(whole)" }
    }
    if bytes.count < 2000 {
        let single = ConnectionReader.trace(bytes, cuts: Array(0..<bytes.count), responsesTo: method, limits: limits)
        if single != whole { return "one byte at a time: \(single), whole: \(whole)" }
    }
    return nil
}
