/// The CRC-32C of iSCSI, ext4 and most journals: it tells torn and rotten bytes, not forgeries.
/// - Source: RFC 3720 §12.1, appendix B.4; Castagnoli, Bräuer, Herrmann, IEEE Transactions on Communications 41(6), 1993
public struct CRC32C: BitwiseCopyable, Sendable {
    private var state: UInt32 = ~0

    public init() {}

    /// The checksum of all bytes added so far.
    public var value: UInt32 { ~state }

    /// Adds the next bytes, one look into the table each.
    public mutating func add(_ bytes: ByteSlice) {
        CRC32C.remainders.withUnsafeBufferPointer { table in
            var state = state
            for index in 0..<bytes.count { state = state >> 8 ^ table[Int(UInt8(truncatingIfNeeded: state) ^ bytes[index])] }
            self.state = state
        }
    }

    /// The checksum of `bytes`.
    public static func of(_ bytes: ByteSlice) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(bytes)
        return checksum.value
    }

    /// What each byte leaves, of the reversed polynomial 0x82F63B78.
    private static let remainders: [UInt32] = (0..<256).map { byte in
        var state = UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1 }
        return state
    }
}
