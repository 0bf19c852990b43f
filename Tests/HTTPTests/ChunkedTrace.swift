import Bytes
import HTTP

/// What a chunked body's bytes came to.
struct ChunkedTrace: Equatable {
    var payload: [UInt8] = []
    var payloadCount = 0
    /// Past the body's last byte, when it ended.
    var end: Int?
    var fault: HTTPError?

    static func decoded(_ bytes: [UInt8], cuts: [Int], limits: HTTPLimits) -> ChunkedTrace {
        var decoder = ChunkedDecoder(limits: limits)
        var trace = ChunkedTrace()
        var start = 0
        for cut in cuts + [bytes.count] where trace.end == nil {
            let piece = Array(bytes[start..<cut])
            do throws(HTTPError) {
                try piece.withByteSlice { slice throws(HTTPError) in
                    var at = 0
                    while true {
                        switch try decoder.next(slice, from: at) {
                        case .payload(let run):
                            trace.payload += [UInt8](slice[run])
                            trace.payloadCount += run.count
                            at = run.upperBound
                            continue
                        case .needMore: break
                        case .end(let end): trace.end = start + end
                        }
                        break
                    }
                }
            } catch {
                trace.fault = error
                return trace
            }
            start = cut
        }
        return trace
    }

    static func scanned(_ bytes: [UInt8], cuts: [Int], limits: HTTPLimits) -> ChunkedTrace {
        var decoder = ChunkedDecoder(limits: limits)
        var trace = ChunkedTrace()
        var start = 0
        for cut in cuts + [bytes.count] where trace.end == nil {
            let piece = Array(bytes[start..<cut])
            do throws(HTTPError) {
                let scan = try piece.withByteSlice { slice throws(HTTPError) in try decoder.scan(slice) }
                trace.payloadCount += scan.payloadCount
                if scan.ended { trace.end = start + scan.consumed }
            } catch {
                trace.fault = error
                return trace
            }
            start = cut
        }
        return trace
    }
}
