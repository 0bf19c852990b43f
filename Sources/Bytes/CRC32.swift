/// The CRC-32 of Ethernet, zip and PNG, for formats that carry one: it tells accidents, not forgeries.
/// - Source: IEEE 802.3 §3.2.9; RFC 1952 §8
public struct CRC32: BitwiseCopyable, Sendable {
    private var state: UInt32 = ~0

    public init() {}

    /// The checksum of all bytes added so far.
    public var value: UInt32 { ~state }

    /// Adds the next bytes, four bits at a time: the table stays in a cache line or two.
    public mutating func add(_ bytes: ByteSlice) {
        var state = state
        for index in 0..<bytes.count {
            state ^= UInt32(bytes[index])
            state = state >> 4 ^ CRC32.remainders[Int(state & 15)]
            state = state >> 4 ^ CRC32.remainders[Int(state & 15)]
        }
        self.state = state
    }

    /// The checksum of `bytes`.
    public static func of(_ bytes: ByteSlice) -> UInt32 {
        var checksum = CRC32()
        checksum.add(bytes)
        return checksum.value
    }

    /// What each half of a byte leaves, of the reversed polynomial 0xEDB88320.
    private static let remainders: InlineArray<16, UInt32> = [
        0x0000_0000, 0x1DB7_1064, 0x3B6E_20C8, 0x26D9_30AC, 0x76DC_4190, 0x6B6B_51F4, 0x4DB2_6158, 0x5005_713C,
        0xEDB8_8320, 0xF00F_9344, 0xD6D6_A3E8, 0xCB61_B38C, 0x9B64_C2B0, 0x86D3_D2D4, 0xA00A_E278, 0xBDBD_F21C,
    ]
}
