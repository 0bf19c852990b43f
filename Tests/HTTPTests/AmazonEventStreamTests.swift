import Bytes
import HTTP
import Testing

@Suite("Amazon's event stream")
struct AmazonEventStreamTests {
    private static func bytes(hexadecimal text: String) -> [UInt8] {
        let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func written(_ kind: AmazonEvent.Kind, _ type: String, _ data: String) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: data.utf8.count + 512) { room, count in
            guard let base = room.baseAddress else { return }
            var writer = ByteWriter(base, capacity: room.count)
            Array(type.utf8).withByteSlice { type in
                Array(data.utf8).withByteSlice { AmazonEvent.write(kind, type: type, $0, to: &writer) }
            }
            count = writer.count
        }
    }

    private static func header(_ name: String, type: UInt8 = 7, _ value: [UInt8]) -> [UInt8] {
        [UInt8(name.utf8.count)] + name.utf8 + [type] + (type == 7 || type == 6 ? [UInt8(value.count >> 8), UInt8(value.count & 255)] : []) + value
    }

    private static func said(_ name: String, _ value: String) -> [UInt8] { header(name, Array(value.utf8)) }

    private static let stream =
        written(.event, "messageStart", #"{"role":"assistant"}"#) + written(.event, "contentBlockDelta", #"{"delta":{"text":"Grüße"}}"#)
        + written(.exception, "throttlingException", #"{"message":"slow down"}"#) + written(.error, "InternalError", "gone")

    @Test("the checksum is zip's: the published check value, and whatever way it is cut")
    func checksum() {
        Array("123456789".utf8).withByteSlice { bytes in
            #expect(CRC32.of(bytes) == 0xCBF4_3926)
            for cut in 0...bytes.count {
                var checksum = CRC32()
                checksum.add(bytes.prefix(cut))
                checksum.add(bytes.dropFirst(cut))
                #expect(checksum.value == 0xCBF4_3926)
            }
            #expect(CRC32().value == 0)
        }
    }

    @Test("messages of AWS's own vectors have sound frames, and say nothing of what they are", arguments: [
        "00000010 00000000 05c248eb 7d98c8ff",
        "0000001d 00000000 fd528c5a 7b27666f6f273a27626172277d c3653936",
    ])
    func vectors(hexadecimal: String) {
        let bytes = AmazonEventStreamTests.bytes(hexadecimal: hexadecimal)
        #expect(AmazonTrace(bytes).fault == .messageType)
        for index in bytes.indices {
            var broken = bytes
            broken[index] ^= 1
            #expect(AmazonTrace(broken).fault == .checksum, "byte \(index)")
        }
    }

    @Test("what is written is read: events, exceptions and errors, whole, cut in two at each offset, and byte by byte")
    func everySplit() {
        let bytes = AmazonEventStreamTests.stream
        let whole = AmazonTrace(bytes)
        #expect(
            whole.messages == [
                #"event messageStart {"role":"assistant"}"#, #"event contentBlockDelta {"delta":{"text":"Grüße"}}"#,
                #"exception throttlingException {"message":"slow down"}"#, "error InternalError gone",
            ])
        #expect(whole.fault == nil && !whole.isMidMessage)
        for cut in 0...bytes.count { #expect(AmazonTrace(bytes, cuts: [cut]) == whole, "cut at \(cut)") }
        #expect(AmazonTrace(bytes, cuts: Array(0..<bytes.count)) == whole)
    }

    @Test("a message that is not whole is not given, wherever the stream ends")
    func cutShort() {
        let message = AmazonEventStreamTests.written(.event, "messageStop", "{}")
        for end in 1..<message.count {
            let trace = AmazonTrace(Array(message.prefix(end)))
            #expect(trace.messages.isEmpty && trace.fault == nil)
            #expect(AmazonTrace(Array(message.prefix(end)), cuts: Array(0..<end)) == trace)
        }
        #expect(AmazonTrace(Array(message.prefix(20)), cuts: [5]).isMidMessage)
    }

    @Test("any bit turned in a message is a checksum's fault, however it is cut; what came before it stands")
    func everyBit() {
        let first = AmazonEventStreamTests.written(.event, "messageStart", "{}")
        let second = AmazonEventStreamTests.written(.event, "contentBlockDelta", #"{"delta":{"text":"a"}}"#)
        for index in second.indices {
            for bit in 0..<8 {
                var broken = first + second
                broken[first.count + index] ^= 1 << UInt8(bit)
                let trace = AmazonTrace(broken)
                #expect(trace.messages == ["event messageStart {}"] && trace.fault == .checksum, "byte \(index), bit \(bit)")
                if bit == 0 { #expect(AmazonTrace(broken, cuts: Array(0..<broken.count)) == trace) }
            }
        }
    }

    @Test("a message up to the limit is read and one byte more is not, before it is collected")
    func limit() {
        let message = AmazonEventStreamTests.written(.event, "e", String(repeating: "x", count: 1000))
        var limits = HTTPLimits()
        limits.eventByteCount = message.count
        for cuts in [[], [7], [500], Array(0..<message.count)] {
            #expect(AmazonTrace(message, cuts: cuts, limits: limits).messages.count == 1)
        }
        limits.eventByteCount = message.count - 1
        for cuts in [[], [7], [500], Array(0..<message.count)] {
            #expect(AmazonTrace(message, cuts: cuts, limits: limits).fault == .messageTooLarge(limit: message.count - 1))
        }
        // Twelve bytes tell: the rest is not waited for.
        #expect(AmazonTrace(Array(message.prefix(12)), limits: limits).fault == .messageTooLarge(limit: message.count - 1))
    }

    @Test("lengths that contradict each other are refused", arguments: [(0, 0), (15, 0), (16, 1), (40, 25), (100, 4_294_967_295)])
    func lengths(total: Int, headers: Int) {
        var bytes = bigEndian(total) + bigEndian(headers)
        bytes += bigEndian(Int(bytes.withByteSlice { CRC32.of($0) }))
        bytes += [UInt8](repeating: 0, count: 100)
        #expect(AmazonTrace(bytes).fault == .lengths(total: total, headers: headers))
        #expect(AmazonTrace(bytes, cuts: Array(0..<bytes.count)).fault == .lengths(total: total, headers: headers))
    }

    @Test("headers of every type are passed over, and those that count are found among them")
    func headerTypes() {
        let lengths: [(UInt8, Int)] = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (6, 5), (7, 5), (8, 8), (9, 16)]
        var headers: [UInt8] = []
        for (type, length) in lengths { headers += AmazonEventStreamTests.header("x", type: type, [UInt8](repeating: 0xFF, count: length)) }
        headers += AmazonEventStreamTests.said(":event-type", "e") + AmazonEventStreamTests.said(":message-type", "event")
        let needed = headers.count
        // Of another type it says nothing, whatever its bytes.
        headers += AmazonEventStreamTests.header(":event-type", type: 6, Array("other".utf8))
        #expect(AmazonTrace(amazonMessage(headers: headers, payload: Array("{}".utf8))).messages == ["event e {}"])
        for end in 1..<needed where AmazonTrace(amazonMessage(headers: Array(headers.prefix(end)), payload: [])).messages.isEmpty == false {
            Issue.record("headers cut at \(end) are read")
        }
    }

    @Test("a header that passes the headers' end, has no name or is of no type is a fault", arguments: [
        [0], [1], [1, 0x61], [1, 0x61, 7], [1, 0x61, 7, 0], [1, 0x61, 7, 0, 1], [1, 0x61, 10], [1, 0x61, 255], [1, 0x61, 9, 0], [0, 7, 0, 0],
        [255, 0x61, 0],
    ] as [[UInt8]])
    func brokenHeaders(headers: [UInt8]) {
        #expect(AmazonTrace(amazonMessage(headers: headers, payload: [])).fault == .header)
    }

    @Test("a message must say what it is", arguments: [
        said(":message-type", "event"), said(":message-type", "exception") + said(":event-type", "e"), said(":event-type", "e"),
        said(":message-type", "other") + said(":event-type", "e"), [],
    ] as [[UInt8]])
    func messageTypes(headers: [UInt8]) {
        #expect(AmazonTrace(amazonMessage(headers: headers, payload: [])).fault == .messageType)
    }

    @Test("an error without a code or a message is one all the same")
    func bareError() {
        let trace = AmazonTrace(amazonMessage(headers: AmazonEventStreamTests.said(":message-type", "error"), payload: Array("words".utf8)))
        #expect(trace.messages == ["error  words"])
    }
}
