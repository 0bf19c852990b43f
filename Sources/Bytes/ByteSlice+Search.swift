import CLinux

extension ByteSlice {
    /// Where `needle` first stands, if anywhere.
    public func firstRange(of needle: ByteSlice, from start: Int = 0) -> Range<Int>? {
        guard start <= count, needle.count > 0,
            let found = linux_find(base + start, count - start, needle.base, needle.count)
        else { return nil }
        let at = found - base
        return at..<(at + needle.count)
    }
}
