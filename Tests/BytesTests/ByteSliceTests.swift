import Bytes
import Testing

@Suite("Byte slice")
struct ByteSliceTests {
    @Test("a decimal is refused when empty, signed, spaced or past Int64.max", arguments: [
        "", "+1", "-1", " 1", "1 ", "0x1", "9223372036854775808", "99999999999999999999",
    ])
    func refusesWhatIsNoDecimal(_ text: String) {
        Array(text.utf8).withByteSlice { #expect($0.decimal == nil) }
    }

    @Test("a decimal reaches Int64.max and takes leading zeros")
    func readsDecimals() {
        #expect(ByteSlice("9223372036854775807").decimal == .max)
        #expect(ByteSlice("007").decimal == 7)
    }

    @Test("trimming takes spaces and tabs from both ends and nothing else")
    func trimsBlanks() {
        #expect(ByteSlice(" \t a b\t ").trimmed == "a b")
        #expect(ByteSlice(" \t ").trimmed.isEmpty)
        #expect(ByteSlice("\r\na").trimmed == "\r\na")
    }

    @Test("a search finds the first place and never reads past the end")
    func searches() {
        #expect(ByteSlice("abcabc").firstRange(of: ByteSlice("ca")) == 2..<4)
        #expect(ByteSlice("abcabc").prefix(3).firstRange(of: ByteSlice("ca")) == nil)
        #expect(ByteSlice("abc").firstIndex(of: UInt8(ascii: "a"), from: 1) == nil)
        #expect(ByteSlice("abc").firstIndex(of: UInt8(ascii: "c"), from: 3) == nil)
    }

    @Test("case folding folds ASCII letters only")
    func foldsCase() {
        #expect(ByteSlice("Content-LENGTH").equalsIgnoringCase("content-length"))
        #expect(!ByteSlice("content\u{0D}length").equalsIgnoringCase("content-length"))
        #expect(!ByteSlice("@").equalsIgnoringCase("`"))
    }

    @Test("constant-time equality agrees with equality")
    func comparesInConstantTime() {
        #expect(ByteSlice("secret").equalsInConstantTime(ByteSlice("secret")))
        #expect(!ByteSlice("secret").equalsInConstantTime(ByteSlice("secreT")))
        #expect(!ByteSlice("secret").equalsInConstantTime(ByteSlice("secre")))
    }
}

@Suite("Byte writer")
struct ByteWriterTests {
    func written(capacity: Int = 64, _ body: (inout ByteWriter) -> Void) -> (text: String, overflowed: Bool) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: capacity)
        body(&writer)
        return (String(writer.written), writer.overflowed)
    }

    @Test("numbers are written as printf would", arguments: [
        0, 1, 9, 10, 255, 256, 65535, 65536, UInt64(Int64.max), UInt64.max,
    ] as [UInt64])
    func writesNumbers(_ number: UInt64) {
        #expect(written { $0.append(decimal: number) }.text == String(number))
        #expect(written { $0.append(hexadecimal: number) }.text == String(number, radix: 16))
    }

    @Test("a negative number keeps its sign, Int.min included")
    func writesNegatives() {
        #expect(written { $0.append(decimal: Int.min) }.text == "\(Int.min)")
    }

    @Test("a write that does not fit is dropped whole, and so is every later one")
    func overflows() {
        let result = written(capacity: 4) { writer in
            writer.append("abc")
            writer.append("de")
            writer.append(UInt8(ascii: "f"))
        }
        #expect(result.text == "abc")
        #expect(result.overflowed)
    }

    @Test("a write that fits exactly is kept")
    func fillsToTheEnd() {
        let result = written(capacity: 3) { $0.append("abc") }
        #expect(result.text == "abc")
        #expect(!result.overflowed)
    }

    @Test("bytes are written as two hexadecimal digits each")
    func writesHexadecimalBytes() {
        #expect(written { $0.append(hexadecimalOf: ByteSlice("\u{00}\u{0F}~")) }.text == "000f7e")
    }
}
