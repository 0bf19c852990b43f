public import Bytes

/// Every provider the gateway knows, found by id without allocating.
///
/// Made once at start; nothing in it changes after `init`, which is why workers may share it.
public final class ProviderTable: @unchecked Sendable {
    private let rows: UnsafeMutablePointer<Provider>
    public let count: Int
    /// Open-addressed: a row's index plus one at the hash of its id, or 0. Never more than half full.
    private let slots: UnsafeMutablePointer<UInt8>
    private let slotMask: Int

    public convenience init() { self.init(rows: ProviderTable.allRows) }

    init(rows source: [Provider]) {
        precondition(source.count < Int(UInt8.max), "a row's index fits a byte")
        var slotCount = 16
        while slotCount < source.count * 2 { slotCount *= 2 }
        count = source.count
        rows = UnsafeMutablePointer<Provider>.allocate(capacity: max(count, 1))
        slots = UnsafeMutablePointer<UInt8>.allocate(capacity: slotCount)
        slots.initialize(repeating: 0, count: slotCount)
        slotMask = slotCount - 1
        for (index, row) in source.enumerated() {
            rows.advanced(by: index).initialize(to: row)
            var slot = ProviderTable.hash(ByteSlice(row.id)) & slotMask
            while slots[slot] != 0 { slot = (slot + 1) & slotMask }
            slots[slot] = UInt8(index + 1)
        }
    }

    deinit {
        rows.deinitialize(count: count)
        rows.deallocate()
        slots.deallocate()
    }

    /// The row at `index`, which this table gave out.
    public subscript(_ index: Int) -> Provider {
        precondition(index >= 0 && index < count, "a provider's index is one of this table's")
        return rows[index]
    }

    /// Where the provider named `id` stands, if it is known. Ids are compared byte for byte.
    public func index(of id: ByteSlice) -> Int? {
        var slot = ProviderTable.hash(id) & slotMask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if id == rows[index].id { return index }
            slot = (slot + 1) & slotMask
        }
        return nil
    }

    /// FNV-1a. The table is fixed, so a crafted id costs a few compares and no more.
    private static func hash(_ id: ByteSlice) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in 0..<min(id.count, 64) {
            hash = (hash ^ UInt64(id[index])) &* 0x100_0000_01b3
        }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32)) & Int.max
    }
}
