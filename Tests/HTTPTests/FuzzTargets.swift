import Bytes
import HTTP

// Entry points for fuzzers: bytes in, a trap when an invariant breaks. Each can be wrapped as libFuzzer's
//
//     @_cdecl("LLVMFuzzerTestOneInput")
//     public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
//         fuzzRequestHead(ByteSlice(bytes, count: count))
//         return 0
//     }

/// A connection's bytes come to the same requests and the same end however they are cut; offsets stay inside.
func fuzzRequestHead(_ bytes: ByteSlice) {
    let input = [UInt8](bytes)
    let limits = smallLimits
    let whole = ConnectionReader.trace(input, limits: limits)
    for cuts in fuzzedCuts(input) {
        require(ConnectionReader.trace(input, cuts: cuts, limits: limits) == whole, "request: cut at \(cuts)")
    }
    for message in whole.messages {
        require(message.fields.count <= limits.fieldCount, "fields are bounded")
        let names = message.fields.map { $0[0].lowercased() }
        let lengths = names.filter { $0 == "content-length" || $0 == "transfer-encoding" }
        require(lengths.count <= 1, "a body has one length")
        require(names.filter { $0 == "host" }.count <= 1, "a request has one host")
        for field in message.fields {
            require(field[1].utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 }, "a value holds no control byte")
        }
    }
}

/// The same for responses, to GET and to HEAD.
func fuzzResponseHead(_ bytes: ByteSlice) {
    let input = [UInt8](bytes)
    for method in [HTTP.Method.get, .head] {
        let whole = ConnectionReader.trace(input, responsesTo: method, limits: smallLimits)
        for cuts in fuzzedCuts(input) {
            let cut = ConnectionReader.trace(input, cuts: cuts, responsesTo: method, limits: smallLimits)
            require(cut == whole, "response: cut at \(cuts)")
        }
    }
}

/// Decoding and scanning a chunked body agree on its payload, its end and its fault, however it is cut.
func fuzzChunked(_ bytes: ByteSlice) {
    let input = [UInt8](bytes)
    let whole = ChunkedTrace.decoded(input, cuts: [], limits: smallLimits)
    for cuts in [[]] + fuzzedCuts(input) {
        require(ChunkedTrace.decoded(input, cuts: cuts, limits: smallLimits) == whole, "chunked: cut at \(cuts)")
        let scanned = ChunkedTrace.scanned(input, cuts: cuts, limits: smallLimits)
        require(scanned.fault == whole.fault && scanned.end == whole.end, "scan: cut at \(cuts)")
        require(scanned.payloadCount == whole.payloadCount || whole.fault != nil, "scan's payload: cut at \(cuts)")
    }
}

/// Parser and scanner see the same events, however the stream is cut.
func fuzzEventStream(_ bytes: ByteSlice) {
    let input = [UInt8](bytes)
    guard let whole = try? readEvents(input) else { return }
    let scanned = scanEvents(input)
    require(scanned.filter(\.hasData).count == whole.events.count, "scanner and parser see as many events")
    for (seen, event) in zip(scanned.filter(\.hasData), whole.events) {
        require(seen.payload == nil || seen.payload == event.data, "the payload is the event's data")
    }
    for cuts in fuzzedCuts(input) {
        let cut = try? readEvents(input, cuts: cuts)
        require(cut?.events == whole.events && cut?.retry == whole.retry, "events: cut at \(cuts)")
        require(scanEvents(input, cuts: cuts).map(\.end) == scanned.map(\.end), "boundaries: cut at \(cuts)")
    }
}

/// Amazon's framing comes to the same messages and the same fault however it is cut. Since no input has its checksums by chance, it is
/// also taken for the headers and the payload of a message that has them.
func fuzzAmazonEventStream(_ bytes: ByteSlice) {
    let input = [UInt8](bytes)
    let headerCount = min(input.count, input.first.map { Int($0) } ?? 0)
    let framed = amazonMessage(headers: Array(input.prefix(headerCount)), payload: Array(input.dropFirst(headerCount)))
    for stream in [input, framed, framed + input] {
        let whole = AmazonTrace(stream)
        for cuts in fuzzedCuts(stream) {
            let cut = AmazonTrace(stream, cuts: cuts)
            require(cut.messages == whole.messages && cut.fault == whole.fault, "messages: cut at \(cuts)")
        }
    }
}

/// Limits a fuzzer's short inputs can reach.
private var smallLimits: HTTPLimits {
    var limits = HTTPLimits()
    limits.startLineByteCount = 120
    limits.headByteCount = 600
    limits.fieldCount = 12
    limits.chunkExtensionByteCount = 40
    limits.trailerByteCount = 100
    return limits
}

/// In the middle, at a place the input's own bytes choose, and everywhere.
private func fuzzedCuts(_ input: [UInt8]) -> [[Int]] {
    guard input.count > 1 else { return [] }
    let chosen = input.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % input.count
    return [[input.count / 2], [chosen], Array(0..<input.count)]
}

private func require(_ holds: Bool, _ invariant: @autoclosure () -> String) {
    if !holds { fatalError(invariant()) }
}
