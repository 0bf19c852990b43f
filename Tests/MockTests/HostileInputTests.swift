import Bytes
import Glibc
import JSON
import Testing

@testable import Mock

@Suite("Bodies nobody meant to send")
struct HostileInputTests {
    private static let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...UInt64.max)

    private static let chat = Array(
        #"""
        {"model":"mock","user":"u","stream":true,"stream_options":{"include_usage":true},"metadata":{"user_id":"m"},"tool_choice":
        {"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f","parameters":{"required":["a","b"],
        "properties":{"a":{"type":"string"},"b":{"enum":[1,[2]]}}}}},{"name":"g","input_schema":{"required":["\u0061"]}}],"messages":
        [{"role":"user","content":[{"type":"text","text":"\ud83d\ude00 \"x\""},"y",[["z"]]]},{"role":"user","content":[{"type":"tool_result"}]}]}
        """#.utf8)

    private static let upload = Array(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nxx--b\r\n--b\r\n\r\n\r\n--b\r\n name=\"\r\n\r\n\r\n--b--\r\n".utf8)

    @Test("changed bodies are read or refused, and never read past their end")
    func changedBodies() {
        print("SLUICE_SEED=\(Self.seed)")
        var random = Random(seed: Self.seed)
        var reader = BodyReader()
        var arguments = Output()
        var read = 0
        for _ in 0..<20_000 {
            exactly(changed(Self.chat, &random)) { body in
                do throws(JSONError) {
                    let ask = try reader.read(body, form: .chat, arguments: &arguments)
                    #expect(ask.promptTokens <= body.count)
                    if ask.toolName != nil { try JSONText.validate(arguments.bytes) }
                    read += 1
                } catch {
                    #expect(error.offset <= body.count)
                }
            }
        }
        #expect(read > 0)
    }

    @Test("changed uploads have parts within their bytes")
    func changedUploads() {
        var random = Random(seed: Self.seed)
        for _ in 0..<20_000 {
            exactly(changed(Self.upload, &random)) { body in
                var parts = MultipartParts(body, contentType: ByteSlice("multipart/form-data; boundary=\"b\""))
                var sum = 0
                while let part = parts.next() { sum += part.content.count }
                #expect(sum <= body.count)
            }
        }
    }

    /// Up to three changes: a byte set, a run removed, a run repeated.
    private func changed(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.next() % 4 where bytes.count > 1 {
            let at = Int(random.next() % UInt64(bytes.count))
            let end = min(bytes.count, at + Int(random.next() % 12))
            switch random.next() % 3 {
            case 0: bytes[at] = Array(#""{}[],:\0n -"#.utf8)[Int(random.next() % 12)]
            case 1: bytes.removeSubrange(at..<end)
            default: bytes.insert(contentsOf: bytes[at..<end], at: at)
            }
        }
        return bytes
    }

    /// Lends a copy with nothing behind it, so that the address sanitizer sees each byte read too many.
    private func exactly(_ bytes: [UInt8], _ body: (ByteSlice) -> Void) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        defer { memory.deallocate() }
        memory.initialize(from: bytes, count: bytes.count)
        body(ByteSlice(memory, count: bytes.count))
    }
}
