import Bytes
import Testing

@Suite("Base64")
struct Base64Tests {
    private func encoded(_ text: String) -> String {
        let digits = Wiped(capacity: 100) { writer in Array(text.utf8).withByteSlice { writer.append(base64: $0) } }
        return digits.withBytes { String($0) }
    }

    private func decoded(_ digits: String) -> String? {
        var isOne = false
        let text = Wiped(capacity: 100) { writer in isOne = Array(digits.utf8).withByteSlice { writer.append(decodingBase64: $0) } }
        return isOne ? text.withBytes { String($0) } : nil
    }

    @Test("the standard's own examples are written and read (RFC 4648 §10)", arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func examples(text: String, digits: String) {
        #expect(encoded(text) == digits)
        #expect(decoded(digits) == text)
        #expect(decoded(digits.replacing("=", with: "")) == text)
    }

    @Test("what is no base64 is refused", arguments: ["Z", "Zg=", "Zh==", "Zm9=", "Zm9v=", "Zm9v====", "=", "==", "Z===", "Zm 9v", "Zm-_", "Zg==Zg==", "ä"])
    func faults(digits: String) {
        #expect(decoded(digits) == nil)
    }

    @Test("all bytes come back")
    func everyByte() {
        let bytes = (0...255).map { UInt8($0) }
        var digits: [UInt8] = []
        let written = Wiped(capacity: 400) { writer in bytes.withByteSlice { writer.append(base64: $0) } }
        written.withBytes { digits = [UInt8]($0) }
        let read = Wiped(capacity: 256) { writer in _ = digits.withByteSlice { writer.append(decodingBase64: $0) } }
        #expect(read.withBytes { [UInt8]($0) } == bytes)
    }
}
