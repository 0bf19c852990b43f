import Bytes
import HTTP

/// What a stream of Amazon's came to: its messages as text, and the fault that ended it.
struct AmazonTrace: Equatable {
    var messages: [String] = []
    var fault: AmazonEventStreamError?
    var isMidMessage = false

    /// Reads `bytes`, received in pieces that end at `cuts` and at the end.
    init(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) {
        var decoder = AmazonEventStreamDecoder(limits: limits)
        var start = 0
        for cut in cuts + [bytes.count] where fault == nil {
            let piece = Array(bytes[start..<cut])
            piece.withByteSlice { slice in
                var at = 0
                do throws(AmazonEventStreamError) {
                    while let message = try decoder.next(slice, from: &at) {
                        messages.append("\(message.kind) \(String(message.type)) \(String(message.data))")
                    }
                } catch {
                    fault = error
                }
            }
            start = cut
        }
        isMidMessage = fault == nil && decoder.isMidMessage
    }
}

/// A message with any headers and payload, framed and with its checksums.
func amazonMessage(headers: [UInt8], payload: [UInt8]) -> [UInt8] {
    var bytes = bigEndian(headers.count + payload.count + 16) + bigEndian(headers.count)
    bytes += bigEndian(Int(bytes.withByteSlice { CRC32.of($0) }))
    bytes += headers + payload
    return bytes + bigEndian(Int(bytes.withByteSlice { CRC32.of($0) }))
}

func bigEndian(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
