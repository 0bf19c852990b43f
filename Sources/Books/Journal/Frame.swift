import Bytes

/// What each record of a segment stands in.
///
///     length: 4 bytes │ CRC-32C of the length and the record: 4 bytes │ the record
///
/// Numbers have their lowest byte first.
enum Frame {
    static let headByteCount = 8

    static func checksum(_ length: ByteSlice, _ record: ByteSlice) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(length)
        checksum.add(record)
        return checksum.value
    }

    /// Writes a frame to `place`, which has room for it.
    static func write(_ record: ByteSlice, to place: UnsafeMutablePointer<UInt8>) {
        put(UInt32(truncatingIfNeeded: record.count), place)
        put(checksum(ByteSlice(place, count: 4), record), place + 4)
        (place + headByteCount).update(from: record.base, count: record.count)
    }

    static func number(_ bytes: ByteSlice, at offset: Int) -> UInt32 {
        var number: UInt32 = 0
        for index in 0..<4 { number |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
        return number
    }

    private static func put(_ number: UInt32, _ place: UnsafeMutablePointer<UInt8>) {
        for index in 0..<4 { place[index] = UInt8(truncatingIfNeeded: number >> UInt32(8 * index)) }
    }
}

/// What each segment begins with: sixteen bytes.
enum SegmentHeader {
    static let version: UInt32 = 1
    static let byteCount = 16
    static let magic: StaticString = "sluicejl"

    static var bytes: [UInt8] {
        [UInt8](ByteSlice(magic)) + [UInt8(truncatingIfNeeded: version), 0, 0, 0, 0, 0, 0, 0]
    }

    static func check(_ bytes: ByteSlice, path: String) throws(JournalError) {
        guard bytes.count == byteCount, bytes.hasPrefix(magic) else { throw .foreign(path: path) }
        let found = Frame.number(bytes, at: 8)
        guard found == version else { throw .otherVersion(path: path, found: found) }
    }
}
