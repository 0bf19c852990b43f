import Bytes
import Testing

@Suite("Inline text")
struct InlineTextTests {
    @Test("a text that fits is kept, one byte more is cut", arguments: ["", "a", "abcdefgh", "abcdefghi", "abcdefghijklmnop"])
    func cuts(_ source: String) {
        let text = Array(source.utf8).withByteSlice { InlineText<8>($0) }
        #expect(text.withBytes { String($0) } == String(source.prefix(8)))
        #expect(text.count == min(8, source.utf8.count))
        #expect(text.isEmpty == source.isEmpty)
    }

    @Test("appending fills to the end and drops the rest, by run and by byte")
    func appends() {
        var text = InlineText<4>("ab")
        text.append(ByteSlice("cde"))
        #expect(text == "abcd")
        text.append(UInt8(ascii: "e"))
        text.append(ByteSlice("f"))
        text.append(ByteSlice(""))
        #expect(text == "abcd")
        text.removeAll()
        #expect(text.isEmpty)
        text.append(UInt8(ascii: "z"))
        #expect(text == "z")
    }

    @Test("more bytes than one byte can count are kept and counted")
    func holdsTheMost() {
        let source = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let text = source.withByteSlice { InlineText<300>($0) }
        #expect(text.count == 300)
        #expect(text.withBytes { [UInt8]($0) } == Array(source.prefix(300)))
    }

    @Test("equality looks at the text, not at what stood behind it before")
    func forgetsWhatWasRemoved() {
        var text = InlineText<8>("abcdef")
        text.removeAll()
        text.append(ByteSlice("ab"))
        #expect(text == "ab")
        #expect(!(text == "abc"))
        #expect(!(text == "a"))
    }

    @Test("what a writer replaces it with is kept up to the capacity, and no more than fits")
    func isReplaced() {
        var text = InlineText<8>("before")
        text.replace { $0.append("a\u{0}b") }
        #expect(text.withBytes { [UInt8]($0) } == [0x61, 0, 0x62])
        #expect(text.withBytesInPlace { [UInt8]($0) } == [0x61, 0, 0x62])
        text.replace { $0.append("12345678") }
        #expect(text == "12345678")
        text.set(ByteSlice("z"))
        #expect(text == "z")
    }
}
