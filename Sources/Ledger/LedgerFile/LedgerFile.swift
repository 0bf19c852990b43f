import CLinux
import Glibc
import Synchronization

/// A file of shared memory: slots by key, and the open reservations of each process that has it open.
///
/// What is in it outlives the processes, since the pages are the kernel's; only `sync` makes it outlive the machine. All of it is
/// atomics, so that several processes may work in it at once, and any of them be killed at any instruction.
///
/// **Who is alive**: each process holds a lock on a byte of its own, which the kernel takes back when it ends. Process ids are not asked: they
/// are used again, and mean nothing in another container.
// Unchecked: the addresses do not change, and what they lead to is atomics.
final class LedgerFile: @unchecked Sendable {
    /// Bytes past any file's end, to be locked: one for changes of structure, and one for each process.
    private static let structureLockOffset: Int64 = 1 << 40
    private static let firstProcessLockOffset: Int64 = 1 << 40 + 1

    let path: String
    let layout: LedgerFileLayout
    let table: SlotTable
    /// This process's number among those that have it open.
    let process: Int
    /// Whether the machine was started anew since anybody had it open: then bytes that were not synced may be older than they were.
    let isAfterBoot: Bool
    /// Whether no other process had it open.
    let wasAlone: Bool

    private let descriptor: CInt
    private let base: UnsafeMutableRawPointer
    // The file's lock keeps other open files away, this one other threads of this. Never taken by a worker.
    private let threads = Mutex<Void>(())

    /// Opens the file, or makes it.
    /// - Parameter prepare: runs once with the file before any other process can open it or work of this one can begin.
    init(
        path: String, kind: LedgerFileLayout.Kind, slotCount: Int, entryCount: Int, boot: BootIdentity,
        prepare: (LedgerFile) throws(LedgerFileError) -> Void
    ) throws(LedgerFileError) {
        assert(MemoryLayout<BudgetSlot>.stride == 128 && MemoryLayout<RateSlot>.stride == 64 && MemoryLayout<OpenEntry>.stride == 160)
        let wanted = try LedgerFileLayout(kind: kind, slotCount: slotCount, entryCount: entryCount)
        let opened = try LedgerFileOpening(path: path, kind: kind).open(making: wanted)
        // All pages now: a worker must not wait for the disk when it first comes to one.
        guard let base = mmap(nil, opened.layout.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, opened.descriptor, 0),
            base != MAP_FAILED
        else {
            let code = errno
            close(opened.descriptor)
            throw .cannotMap(path: path, code: code)
        }
        // Where the system allows so much, they stay there as well.
        _ = mlock(base, opened.layout.byteCount)
        let joined: Joined
        do throws(LedgerFileError) {
            joined = try LedgerFile.join(opened.descriptor, base, opened.layout, boot, path: path)
        } catch {
            munmap(base, opened.layout.byteCount)
            close(opened.descriptor)
            throw error
        }
        self.path = path
        self.base = base
        layout = opened.layout
        descriptor = opened.descriptor
        table = SlotTable(base + LedgerFileLayout.slotsOffset, stride: opened.layout.kind.slotByteCount, count: opened.layout.slotCount)
        process = joined.process
        isAfterBoot = joined.isAfterBoot
        wasAlone = joined.wasAlone
        // Still under the file's lock. When it fails, deinit gives everything back.
        defer { linux_unlock_byte(descriptor, LedgerFile.structureLockOffset) }
        try prepare(self)
        LedgerFile.storeBoot(boot, base)
    }

    deinit {
        // What a desk left listed is abandoned. In this order: until its lock is gone nobody takes the place.
        LedgerFile.bury(process, base, layout)
        munmap(base, layout.byteCount)
        close(descriptor)
    }

    // MARK: Joining

    private struct Joined {
        let process: Int
        let isAfterBoot: Bool
        let wasAlone: Bool
    }

    /// Takes a place among the processes, and leaves the file locked.
    private static func join(
        _ descriptor: CInt, _ base: UnsafeMutableRawPointer, _ layout: LedgerFileLayout, _ boot: BootIdentity, path: String
    ) throws(LedgerFileError) -> Joined {
        let locked = linux_lock_byte(descriptor, structureLockOffset, 1)
        guard locked == 0 else { throw .cannotLock(path: path, code: -locked) }
        do throws(LedgerFileError) {
            let written = (word(base, bootOffset(0)).pointee.load(ordering: .relaxed), word(base, bootOffset(1)).pointee.load(ordering: .relaxed))
            // A new file has none, and nothing to lose.
            let isAfterBoot = written != (boot.low, boot.high) && written != (0, 0)
            try buryDead(descriptor, base, layout, path: path)
            let places = (0..<BudgetLimits.processCount).map { word(base, LedgerFileLayout.processesOffset + $0 * 8) }
            let wasAlone = places.allSatisfy { $0.pointee.load(ordering: .acquiring) == 0 }
            if wasAlone { orphanBlocks(base, layout, isAfterBoot: isAfterBoot) }
            for (process, place) in places.enumerated() where place.pointee.load(ordering: .acquiring) == 0 {
                let code = linux_lock_byte(descriptor, firstProcessLockOffset + Int64(process), 0)
                if code == -EAGAIN { continue }
                guard code == 0 else { throw LedgerFileError.cannotLock(path: path, code: -code) }
                place.pointee.store(UInt64(getpid()), ordering: .releasing)
                return Joined(process: process, isAfterBoot: isAfterBoot, wasAlone: wasAlone)
            }
            throw .tooManyProcesses(path: path)
        } catch {
            linux_unlock_byte(descriptor, structureLockOffset)
            throw error
        }
    }

    private static func bootOffset(_ index: Int) -> Int { LedgerFileLayout.bootOffset + index * 8 }

    private static func storeBoot(_ boot: BootIdentity, _ base: UnsafeMutableRawPointer) {
        word(base, bootOffset(0)).pointee.store(boot.low, ordering: .relaxed)
        word(base, bootOffset(1)).pointee.store(boot.high, ordering: .relaxed)
    }

    /// Gives the places of processes that have ended to others, and their entries to whoever looks at abandoned ones next.
    private static func buryDead(
        _ descriptor: CInt, _ base: UnsafeMutableRawPointer, _ layout: LedgerFileLayout, path: String
    ) throws(LedgerFileError) {
        for process in 0..<BudgetLimits.processCount {
            let place = word(base, LedgerFileLayout.processesOffset + process * 8)
            guard place.pointee.load(ordering: .acquiring) != 0 else { continue }
            let isLocked = linux_is_byte_locked(descriptor, firstProcessLockOffset + Int64(process))
            guard isLocked >= 0 else { throw LedgerFileError.cannotLock(path: path, code: -isLocked) }
            if isLocked == 1 { continue }
            bury(process, base, layout)
        }
    }

    private static func bury(_ process: Int, _ base: UnsafeMutableRawPointer, _ layout: LedgerFileLayout) {
        for block in 0..<layout.blockCount {
            let word = word(base, LedgerFileLayout.blocksOffset + block * 8)
            guard word.pointee.load(ordering: .acquiring) == OpenEntry.owner(process: process) else { continue }
            word.pointee.store(OpenEntry.abandonedOwner, ordering: .releasing)
        }
        word(base, LedgerFileLayout.processesOffset + process * 8).pointee.store(0, ordering: .releasing)
    }

    /// No block has a living owner, whatever the disk says of it.
    private static func orphanBlocks(_ base: UnsafeMutableRawPointer, _ layout: LedgerFileLayout, isAfterBoot: Bool) {
        for block in 0..<layout.blockCount {
            let word = word(base, LedgerFileLayout.blocksOffset + block * 8)
            let found = word.pointee.load(ordering: .acquiring)
            if found == 0 || found == OpenEntry.lostOwner { continue }
            word.pointee.store(isAfterBoot ? OpenEntry.lostOwner : OpenEntry.abandonedOwner, ordering: .releasing)
        }
    }

    /// Looks for processes that have ended since. Under the lock.
    func buryDead() throws(LedgerFileError) {
        for process in 0..<BudgetLimits.processCount where process != self.process {
            guard word(LedgerFileLayout.processesOffset + process * 8).pointee.load(ordering: .acquiring) != 0 else { continue }
            let isLocked = linux_is_byte_locked(descriptor, LedgerFile.firstProcessLockOffset + Int64(process))
            guard isLocked >= 0 else { throw LedgerFileError.cannotLock(path: path, code: -isLocked) }
            if isLocked == 0 { LedgerFile.bury(process, base, layout) }
        }
    }

    // MARK: Parts

    private static func word(_ base: UnsafeMutableRawPointer, _ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> { LedgerFile.word(base, offset) }

    /// Whose a block of entries is: see `OpenEntry`.
    func blockOwner(_ block: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        assert(block >= 0 && block < layout.blockCount)
        return word(LedgerFileLayout.blocksOffset &+ block &* 8)
    }

    func entry(_ index: Int) -> UnsafeMutablePointer<OpenEntry> {
        assert(index >= 0 && index < layout.entryCount)
        return (base + layout.entriesOffset).assumingMemoryBound(to: OpenEntry.self) + index
    }

    /// Its slots, as what they are.
    func slots<Slot: ~Copyable>(as type: Slot.Type) -> UnsafeMutablePointer<Slot> {
        (base + LedgerFileLayout.slotsOffset).assumingMemoryBound(to: Slot.self)
    }

    func keyMaker() -> LedgerKeyMaker { LedgerKeyMaker(seedLow: layout.seedLow, seedHigh: layout.seedHigh) }

    // MARK: The back office's

    /// Runs `body` while nobody else, in any process, changes the structure.
    func locked<Result: Sendable>(_ body: () throws(LedgerFileError) -> Result) throws(LedgerFileError) -> Result {
        try threads.withLock { _ throws(LedgerFileError) -> Result in
            let code = linux_lock_byte(descriptor, LedgerFile.structureLockOffset, 1)
            guard code == 0 else { throw LedgerFileError.cannotLock(path: path, code: -code) }
            defer { linux_unlock_byte(descriptor, LedgerFile.structureLockOffset) }
            return try body()
        }
    }

    /// Writes header and slots to the disk: when it returns, they outlive the machine. Entries are not worth it.
    func sync() throws(LedgerFileError) {
        guard msync(base, layout.entriesOffset, MS_SYNC) == 0 else { throw .cannotSync(path: path, code: errno) }
    }
}
