import Bytes
import Testing

@Suite("Secret bytes")
struct SecretBytesTests {
    @Test("what describes them shows the last four of sixteen or more, and nothing of fewer")
    func descriptions() {
        let long = Array("sk-0123456789abcd".utf8).withByteSlice { SecretBytes($0) }
        let short = Array("sk-0123456789ab".utf8).withByteSlice { SecretBytes($0) }
        #expect("\(long)" == "…abcd" && String(reflecting: long) == "…abcd")
        #expect("\(short)" == "…" && Mirror(reflecting: long).children.isEmpty)
    }

    @Test("they are what was written, or there are none when that failed", arguments: [0, 1, 5000])
    func filled(count: Int) {
        let made = SecretBytes(count: count) { memory in
            for index in 0..<count { memory[index] = UInt8(truncatingIfNeeded: index) }
            return true
        }
        let isAsWritten = made?.withBytes { bytes in bytes.count == count && (0..<count).allSatisfy { bytes[$0] == UInt8(truncatingIfNeeded: $0) } }
        #expect(isAsWritten == true)
        #expect(SecretBytes(count: count) { _ in false } == nil)
    }
}
