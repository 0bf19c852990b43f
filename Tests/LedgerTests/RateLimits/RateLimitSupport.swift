import Bytes
import Glibc
@testable import Ledger
import Synchronization

extension RateLimiter {
    /// A small one.
    convenience init(_ folder: Folder, boot: UInt64 = 1) throws(LedgerFileError) {
        try self.init(path: folder.file("limits"), slotCount: 256, openCount: 1024, boot: .test(boot))
    }

    func key(_ name: String) -> LedgerKey {
        var maker = keyMaker()
        Array(name.utf8).withByteSlice { maker.add($0) }
        return maker.finish()
    }
}

/// How many of several threads' requests were let through, and how many threads have asked.
final class Passed: Sendable {
    private let counted = Atomic<Int>(0)
    private let arrivals = Atomic<Int>(0)

    func count() { counted.add(1, ordering: .relaxed) }
    func arrive() { arrivals.add(1, ordering: .acquiringAndReleasing) }

    var value: Int { counted.load(ordering: .relaxed) }
    var arrived: Int { arrivals.load(ordering: .acquiring) }
}
