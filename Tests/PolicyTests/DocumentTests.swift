import Bytes
import Glibc
import JSON
import Testing

@Suite("Documents")
struct DocumentTests {
    @Test("every value knows its line, column and byte")
    func positions() throws {
        let text = "{\n  \"é\": [1,\n\t\"x\"],\n \"b\": {\"c\": null}}"
        let root = try #require(DocumentParser.parse(text).document?.root)
        guard case .object(let members) = root.value, case .array(let list) = members[0].value.value,
            case .object(let inner) = members[1].value.value
        else {
            Issue.record("the shape is read")
            return
        }
        #expect(root.position == SourcePosition(line: 1, column: 1, offset: 0))
        #expect(members[0].position == SourcePosition(line: 2, column: 3, offset: 4))
        #expect(members[0].value.position == SourcePosition(line: 2, column: 8, offset: 10))
        #expect(list.map(\.position) == [SourcePosition(line: 2, column: 9, offset: 11), SourcePosition(line: 3, column: 2, offset: 15)])
        #expect(inner[0].value.position == SourcePosition(line: 4, column: 13, offset: 33))
    }

    @Test("a JSON text written out again is the same but for blanks, numbers to the digit")
    func roundTrip() throws {
        let text = #"{"a": [1.50, -0, 1E+2, 12345678901234567890123], "b" : {"": "\u00e9\ud83d\ude00\/\t\u0001"}, "c":[ ], "d":{ }, "e":false}"#
        let root = try #require(DocumentParser.parse(text).document?.root)
        #expect(String(decoding: root.json, as: UTF8.self) == #"{"a":[1.50,-0,1E+2,12345678901234567890123],"b":{"":"é😀/\t\u0001"},"c":[],"d":{},"e":false}"#)
    }

    @Test("no more is written than is wanted: the beginning of the whole, cut between two characters, and whether it is cut")
    func bounded() throws {
        let text = #"{"a":[1.50,"é😀\u0001\u001f\"\n",null,true],"bé":{"c":"x","d":[]},"e":false}"#
        let root = try #require(DocumentParser.parse(text).document?.root)
        let whole = root.json
        #expect(String(decoding: whole, as: UTF8.self) == text)
        for most in 0...whole.count + 1 {
            let (bytes, isCut) = root.json(atMost: most)
            #expect(whole.starts(with: bytes) && isCut == (most < whole.count) && String(validating: bytes, as: UTF8.self) != nil, "\(most)")
            #expect(bytes.count <= most && bytes.count > min(most, whole.count) - 4, "\(most)")
        }
    }

    @Test("names are equal when their bytes are, not when they look alike")
    func duplicates() {
        #expect(DocumentParser.parse(#"{"a":1,"\u0061":2}"#).diagnostics.map(\.message) == ["\"a\" is given twice"])
        #expect(DocumentParser.parse("{\"\u{E9}\":1,\"e\u{301}\":2}").diagnostics.isEmpty)
        #expect(DocumentParser.parse(#"{"x":[{"a":1,"a":2}],"x":0}"#).diagnostics.map(\.pointer) == ["/x/0/a", "/x"])
    }

    @Test("a pointer escapes what stands for itself (RFC 6901 §3)")
    func pointers() {
        let path = DocumentPath().member("a/b").index(3).member("m~n")
        #expect(path.pointer == "/a~1b/3/m~0n")
        #expect(path.commaSeparated == "a/b,3,m~n")
    }

    @Test("whole numbers are whole however they are written", arguments: [
        ("1e3", 1000), ("2.0", 2), ("-0", 0), ("9223372036854775807", .max), ("0.5", nil), ("9223372036854775808", nil), ("1e300", nil), ("1e999", nil),
    ] as [(String, Int64?)])
    func integers(text: String, value: Int64?) {
        #expect(DocumentNumber(text: text).integer == value)
    }

    @Test("a quoted text has no control character and no change of direction, and ends")
    func quoting() {
        #expect(quoted("a\u{1B}[31m\n\u{202E}\"") == #""a\u{1b}[31m\u{a}\u{202e}\"""#)
        #expect(quoted(String(repeating: "x", count: 100)).count == 67)
    }

    @Test("accepts and refuses what JSONTestSuite says")
    func testSuite() throws {
        guard let folder = sharedFolder("data/JSONTestSuite/test_parsing") else { return }
        var judged = 0
        for name in try names(in: folder) {
            let text = try contents("\(folder)/\(name)")
            let isAccepted = text.withByteSlice { DocumentParser.parse($0).document != nil }
            if name.hasPrefix("y_") { #expect(isAccepted, "\(name)") }
            if name.hasPrefix("n_") { #expect(!isAccepted, "\(name)") }
            judged += 1
        }
        #expect(judged > 300)
    }
}

/// A folder of the shared data; nil, said loudly, when it is not there. With `CI` set that is a failure.
private func sharedFolder(_ path: String) -> String? {
    let root = getenv("SLUICE_SHARED").map { String(cString: $0) } ?? "../shared"
    let folder = "\(root)/\(path)"
    if access(folder, R_OK) == 0 { return folder }
    if getenv("CI") != nil { Issue.record("\(folder) is missing") } else { print("SKIPPED: \(folder) is missing; set SLUICE_SHARED") }
    return nil
}

private struct Unreadable: Error { let path: String }

private func names(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw Unreadable(path: folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(".json") { names.append(name) }
    }
    return names
}

private func contents(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Unreadable(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return bytes }
        bytes += chunk[0..<count]
    }
}
