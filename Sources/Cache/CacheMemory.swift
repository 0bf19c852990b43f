import Glibc

/// Zeroed memory that is touched only when it is used, and then in pages of 2 MiB where the system has them.
///
/// A lookup goes to two random places in tens of megabytes. With pages of 4 KiB each of them costs a walk through page tables that
/// are in no cache either, as much again as the access itself.
// Unchecked: the address does not change.
struct CacheMemory: @unchecked Sendable {
    /// At a multiple of `CacheLimits.hugePageByteCount`, or of a page where it is smaller than one of those.
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappingByteCount: Int

    /// nil when there is no memory.
    init?(byteCount: Int) {
        let isLarge = byteCount >= CacheLimits.hugePageByteCount
        mappingByteCount = byteCount + (isLarge ? CacheLimits.hugePageByteCount : 0)
        // Not reserved: how much of it will be used is bounded by the cache, not by the system.
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let mapping = mmap(nil, mappingByteCount, PROT_READ | PROT_WRITE, flags, -1, 0), mapping != MAP_FAILED else { return nil }
        self.mapping = mapping
        self.byteCount = byteCount
        base = isLarge ? mapping.alignedUp(toMultipleOf: CacheLimits.hugePageByteCount) : mapping
        // Where the system has none, or does not want to, small pages do.
        if isLarge { _ = madvise(base, byteCount, MADV_HUGEPAGE) }
    }

    func free() { munmap(mapping, mappingByteCount) }
}
