import Bytes
import Testing

@Suite("CRC-32C")
struct CRC32CTests {
    private static let known: [(bytes: [UInt8], checksum: UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ((0..<32).map { UInt8($0) }, 0x46DD_794E), ([], 0),
    ]

    @Test("the checksums of RFC 3720 §B.4, and the usual check value", arguments: known.indices)
    func isKnown(index: Int) {
        #expect(Self.known[index].bytes.withByteSlice { CRC32C.of($0) } == Self.known[index].checksum)
    }

    @Test("bytes added in two parts have the checksum of the whole")
    func parts() {
        let bytes = (0..<64).map { UInt8($0 * 3 & 255) }
        for split in 0...64 {
            var checksum = CRC32C()
            bytes.withByteSlice {
                checksum.add($0.prefix(split))
                checksum.add($0.dropFirst(split))
            }
            #expect(checksum.value == bytes.withByteSlice { CRC32C.of($0) })
        }
    }
}
