import Bytes
import Testing

@testable import Books

@Suite("Parts of a record")
struct RecordPartsTests {
    private func parts(_ bytes: [UInt8]) throws -> RecordParts { try bytes.withByteSlice { try RecordParts($0) } }

    private func read(_ bytes: [UInt8]) throws -> RequestRecord { try bytes.withByteSlice { try RequestRecord($0) } }

    @Test("put together in either order they are the record again, with texts of a later program")
    func whole() throws {
        let bytes = RequestRecord.sample(1).encoded + [200, 2, 7, 7]
        let parts = try parts(bytes)
        let head = Array(bytes[..<17])
        for texts in [parts.shared + parts.metadata, parts.metadata + parts.shared] {
            #expect("\(try read(head + parts.own + texts))" == "\(try read(bytes))")
        }
        #expect(head.count + parts.own.count + parts.shared.count + parts.metadata.count == bytes.count)
        #expect(parts.own.suffix(4) == [200, 2, 7, 7])
    }

    @Test("what only one request says is in its own part alone")
    func repeated() throws {
        var (first, second) = (RequestRecord.sample(1), RequestRecord.sample(1))
        (first.trace, second.trace) = ("a", "b")
        (first.span, second.span) = ("c", "d")
        (first.peer, second.peer) = ("10.0.0.1", "10.0.0.2")
        let (left, right) = (try parts(first.encoded), try parts(second.encoded))
        #expect(left.shared == right.shared && left.metadata == right.metadata && left.own != right.own)
    }

    @Test("bytes that are cut anywhere are no parts of a record, or of one with fewer texts")
    func cut() {
        let bytes = RequestRecord.sample(1).encoded
        for count in 0..<bytes.count {
            guard let parts = try? parts(Array(bytes[..<count])) else { continue }
            #expect(17 + parts.own.count + parts.shared.count + parts.metadata.count == count)
        }
        #expect(throws: RecordFault.otherVersion(9)) { try parts([9] + bytes.dropFirst()) }
    }
}
