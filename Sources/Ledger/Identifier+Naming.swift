public import Bytes

extension Identifier {
    /// The identifier of what has a name, at a time: the same for the same, so that what is told twice is one thing.
    ///
    /// - Parameter name: hashed in place of random bits.
    public init(naming name: ByteSlice, wallNanoseconds: UInt64) {
        var hash = SHA256()
        hash.add(name)
        let words = hash.finishWords()
        let milliseconds = (wallNanoseconds / 1_000_000) & 0xFFFF_FFFF_FFFF
        self.init(
            high: milliseconds << 16 | 0x7000 | words.high & 0xFFF, low: words.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
