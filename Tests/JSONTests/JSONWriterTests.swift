import Bytes
import Foundation
import JSON
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("commas and colons fall into place")
    func writesStructure() {
        let text = written { bytes in
            var writer = JSONWriter(bytes)
            writer.beginObject()
            writer.key("error")
            writer.beginObject()
            writer.member("message", "no \"model\"")
            writer.member("status", 400)
            writer.member("least", Int.min)
            writer.member("most", UInt64.max)
            writer.key("param")
            writer.null()
            writer.endObject()
            writer.key("tried")
            writer.beginArray()
            writer.string("a")
            writer.bool(false)
            writer.beginArray()
            writer.endArray()
            writer.fragment(ByteSlice("{\"x\":1}"))
            writer.string { $0.append(jsonContent: ByteSlice("a\n")) }
            writer.endArray()
            writer.member("ok", true)
            writer.endObject()
            bytes = writer.bytes
        }
        #expect(text == #"{"error":{"message":"no \"model\"","status":400,"least":-9223372036854775808,"#
            + #""most":18446744073709551615,"param":null},"tried":["a",false,[],{"x":1},"a\n"],"ok":true}"#)
    }

    @Test("every control byte is escaped and reads back")
    func escapesControlBytes() throws {
        let all = (UInt8(0)..<0x80).map { $0 }
        let text = all.withByteSlice { slice in written { $0.append(jsonString: slice) } }
        let back = try JSONSerialization.jsonObject(with: Data("[\(text)]".utf8)) as? [String]
        #expect(back == [String(decoding: all, as: UTF8.self)])
    }

    @Test("bytes that are no UTF-8 become U+FFFD", arguments: [
        ([0x61, 0xFF, 0x62], "a\u{FFFD}b"), ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"), ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ([0xE6, 0xB0], "\u{FFFD}\u{FFFD}"), ([0xF5, 0x41], "\u{FFFD}A"), ([0xE6, 0xB0, 0xB4], "水"),
    ] as [([UInt8], String)])
    func replacesInvalidBytes(_ bytes: [UInt8], text: String) {
        #expect(bytes.withByteSlice { slice in written { $0.append(jsonString: slice) } } == "\"\(text)\"")
    }

    @Test("random bytes always give a valid string that decodes to what a decoder with repair reads")
    func writesAnyBytes() throws {
        var random = SeededGenerator.fresh("string escaping")
        for _ in 0..<500 {
            let bytes = (0..<random.below(80)).map { _ in
                random.below(3) == 0 ? UInt8.random(in: 0...255, using: &random) : UInt8.random(in: 0x1E...0x7F, using: &random)
            }
            let text = bytes.withByteSlice { slice in written { $0.append(jsonString: slice) } }
            try withGuarded(text.utf8) { slice in
                try JSONText.validate(slice)
                let content = slice[1..<slice.count - 1]
                let decoded = written { JSONString(content: content, hasEscapes: true).decode(into: &$0) }
                #expect(decoded.filter { $0 != "\u{FFFD}" } == String(decoding: bytes, as: UTF8.self).filter { $0 != "\u{FFFD}" })
            }
        }
    }

    @Test("what does not fit is dropped and told")
    func overflows() {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 8)
        defer { memory.deallocate() }
        var writer = JSONWriter(ByteWriter(memory, capacity: 8))
        writer.beginObject()
        writer.member("a-long-name", 1)
        writer.endObject()
        #expect(writer.bytes.overflowed)
        #expect(writer.bytes.count <= 8)
    }
}
