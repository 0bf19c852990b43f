import Bytes
import JSON
import Testing

@Suite("JSON tape")
struct JSONTapeTests {
    /// The value written anew from the tape, without white space.
    static func written(_ value: JSONValue) -> String {
        switch value.kind {
        case .object: "{" + value.members.map { "\"\(String($0.name.content))\":\(written($0.value))" }.joined(separator: ",") + "}"
        case .array: "[" + value.elements.map { written($0) }.joined(separator: ",") + "]"
        default: String(value.bytes)
        }
    }

    /// What the tape makes of `text`; nil when it refuses it.
    static func reading(_ text: String, _ tape: inout JSONTape) -> String? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, let root = try? tape.parse(ByteSlice(base, count: buffer.count)) else { return nil }
            return written(root)
        }
    }

    static func verdict(_ bytes: [UInt8]) -> JSONError? {
        withGuarded(bytes) { text in
            var tape = JSONTape()
            do throws(JSONError) { _ = try tape.parse(text) } catch { return error }
            return nil
        }
    }

    @Test(
        "every value is where it stands",
        arguments: ["1", "\"a\"", "null", "[]", "{}", "[1,[2,[]],{}]", "{\"a\":{\"b\":[true,false]},\"c\":\"\\n\",\"a\":-0.5e3}", "[[[[[[1]]]]]]"])
    func roundTrip(text: String) {
        var tape = JSONTape()
        let spaced = text.map { "[]{},:".contains($0) ? " \($0)\t" : "\($0)" }.joined()
        for source in [text, spaced] { #expect(JSONTapeTests.reading(source, &tape) == text) }
    }

    @Test("members are found by their decoded name, the last of several; null counts as absent only where asked")
    func members() throws {
        var tape = JSONTape()
        let bytes = Array("{\"mod\\u0065l\":1,\"x\":null,\"model\":{\"in\":[7,8]}}".utf8)
        try bytes.withUnsafeBufferPointer { buffer in
            let root = try tape.parse(ByteSlice(try #require(buffer.baseAddress), count: buffer.count))
            #expect(root.member("model")?.member("in")?.count == 2)
            #expect(root.member("model")?.member("in")?.elements.map(\.integer) == [7, 8])
            #expect(root.member("x")?.isNull == true && root["x"] == nil)
            #expect(root.member("y") == nil && root.member("x")?.member("z") == nil)
            #expect(root.count == 3 && root.elements.map(\.kind).isEmpty)
        }
    }

    @Test("the tape judges every case of the suite as the validator does")
    func judgement() {
        for file in SharedData.files(in: "JSONTestSuite/test_parsing") {
            #expect(JSONTapeTests.verdict(file.bytes) == JSONTestSuiteTests.verdict(file.bytes), "\(file.name)")
        }
    }

    @Test("a text of as many values as are allowed is read, one more is refused where it stands")
    func limit() throws {
        for (count, isFine) in [(98, true), (99, true), (100, false)] {
            let text = "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]"
            var tape = JSONTape(nodeLimit: 100)
            var error: JSONError?
            withGuarded(Array(text.utf8)) { bytes in
                do throws(JSONError) { _ = try tape.parse(bytes) } catch let found { error = found }
            }
            #expect(error == (isFine ? nil : JSONError(.tooMany, at: text.utf8.count - 2)))
        }
    }

    @Test("nesting past the limit is refused, and the tape goes on to serve other texts")
    func depth() {
        var tape = JSONTape(depthLimit: 3)
        #expect(JSONTapeTests.reading("[[[[1]]]]", &tape) == nil)
        #expect(JSONTapeTests.reading("[[[1]]]", &tape) == "[[[1]]]")
    }
}
