import Bytes
import HTTP

/// Puts one request together from bytes that grow in place.
///
/// The field table is the worker's and serves one connection after another, so a head that
/// comes in pieces is parsed from its start again; a whole one is parsed once.
struct Assembly {
    enum Step {
        case needMore
        /// The client waits before it sends its body.
        case wantsContinue
        case refused(HTTPError)
        case tooLong
        /// The head, the body behind it without its framing, and where the next request starts.
        case whole(headCount: Int, bodyCount: Int, end: Int)
    }

    private var headCount = 0
    private var framing = BodyFraming.none
    private var decoder = ChunkedDecoder()
    private var bodyCount = 0
    /// Bytes of a chunked body that have been decoded, counted from the head's end.
    private var decodedEnd = 0
    private var hasContinued = false

    /// Bytes the whole request takes, as far as that is known.
    var wantedByteCount: Int {
        guard headCount > 0, case .length(let length) = framing else { return 0 }
        // What is past the limit need not be told apart.
        return headCount + Int(min(length, Int64(MockLimits.requestByteCount)))
    }

    /// - Parameter filled: bytes at `base`; chunk framing is removed in place.
    mutating func advance(_ base: UnsafeMutablePointer<UInt8>, _ filled: inout Int, _ head: inout RequestHead) -> Step {
        let isContinued = headCount > 0
        do throws(HTTPError) {
            if !isContinued, try !readHead(ByteSlice(base, count: filled), &head) { return .needMore }
            guard let end = try readBody(base, &filled) else {
                if max(filled, wantedByteCount) > MockLimits.requestByteCount { return .tooLong }
                guard head.expectsContinue, !isContinued, !hasContinued else { return .needMore }
                hasContinued = true
                return .wantsContinue
            }
            if isContinued { _ = try readHead(ByteSlice(base, count: headCount), &head) }
            return .whole(headCount: headCount, bodyCount: bodyCount, end: end)
        } catch {
            return .refused(error)
        }
    }

    private mutating func readHead(_ bytes: ByteSlice, _ head: inout RequestHead) throws(HTTPError) -> Bool {
        var parser = RequestParser()
        guard case .complete(let end) = try parser.parse(bytes, into: &head) else { return false }
        headCount = end
        framing = head.framing
        return true
    }

    /// Where the next request starts, once the body is whole.
    private mutating func readBody(_ base: UnsafeMutablePointer<UInt8>, _ filled: inout Int) throws(HTTPError) -> Int? {
        switch framing {
        case .none, .untilClose:
            return headCount
        case .length(let length):
            guard length <= Int64(filled - headCount) else { return nil }
            bodyCount = Int(length)
            return headCount + bodyCount
        case .chunked:
            return try readChunks(base, &filled)
        }
    }

    private mutating func readChunks(_ base: UnsafeMutablePointer<UInt8>, _ filled: inout Int) throws(HTTPError) -> Int? {
        let start = headCount + decodedEnd
        let slice = ByteSlice(base + start, count: filled - start)
        var at = 0
        while true {
            switch try decoder.next(slice, from: at) {
            case .payload(let run):
                (base + headCount + bodyCount).update(from: base + start + run.lowerBound, count: run.count)
                bodyCount += run.count
                at = run.upperBound
            case .needMore:
                // What framing took is free again.
                filled = headCount + bodyCount
                decodedEnd = bodyCount
                return nil
            case .end(let end):
                return start + end
            }
        }
    }
}
