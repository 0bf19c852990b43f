import Bytes
import HTTP

/// One event as text.
struct ReadEvent: Decodable, Equatable {
    let event: String
    let data: String
    let id: String
}

/// Reads `bytes`, received in pieces that end at `cuts` and at the end.
func readEvents(
    _ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()
) throws(EventStreamError) -> (events: [ReadEvent], retry: Int64?) {
    var parser = EventStreamParser(limits: limits)
    var events: [ReadEvent] = []
    var start = 0
    for cut in cuts + [bytes.count] {
        let piece = Array(bytes[start..<cut])
        try piece.withByteSlice { slice throws(EventStreamError) in
            var at = 0
            while let event = try parser.next(slice, from: &at) {
                events.append(ReadEvent(event: String(event.type), data: String(event.data), id: String(event.id)))
            }
        }
        start = cut
    }
    return (events, parser.retryMilliseconds)
}

/// One event as a relay sees it. Its end is not kept where a CRLF may be cut in two: see `end`.
struct ScannedEvent: Equatable {
    /// Past the blank line, without the line feed of a final CRLF, which may come in the next piece.
    var end: Int
    var hasData: Bool
    var payload: String?
}

func scanEvents(_ bytes: [UInt8], cuts: [Int] = []) -> [ScannedEvent] {
    var scanner = EventBoundaryScanner()
    var events: [ScannedEvent] = []
    var start = 0
    for cut in cuts + [bytes.count] {
        let piece = Array(bytes[start..<cut])
        piece.withByteSlice { slice in
            var at = 0
            while let boundary = scanner.next(slice, from: at) {
                at = boundary.end
                let last = start + at - 1
                let isLineFeedOfPair = bytes[last] == 0x0A && last > 0 && bytes[last - 1] == 0x0D
                events.append(
                    ScannedEvent(
                        end: isLineFeedOfPair ? last : last + 1, hasData: boundary.hasData,
                        payload: boundary.payload.map { String(slice[$0]) }))
            }
        }
        start = cut
    }
    return events
}
