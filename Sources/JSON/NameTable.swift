import Bytes
import Glibc

/// The names one scan watches for, in an open-addressed table built once.
struct NameTable: ~Copyable {
    private static let slotCount = 128
    private static let empty = UInt8.max

    let count: Int
    private let names: UnsafeMutablePointer<ByteSlice>
    private let slots: UnsafeMutablePointer<UInt8>

    /// - Precondition: at most `JSONLimits.names` different names, each of 1 to `JSONLimits.nameByteCount` bytes.
    init(_ list: [StaticString]) {
        precondition(list.count <= JSONLimits.names, "a scan watches for at most JSONLimits.names names")
        count = list.count
        names = .allocate(capacity: max(list.count, 1))
        slots = .allocate(capacity: NameTable.slotCount)
        slots.initialize(repeating: NameTable.empty, count: NameTable.slotCount)
        for (index, literal) in list.enumerated() {
            let name = ByteSlice(literal)
            precondition(name.count > 0 && name.count <= JSONLimits.nameByteCount, "a watched name has 1 to 64 bytes")
            (names + index).initialize(to: name)
            var slot = NameTable.slot(of: name)
            while slots[slot] != NameTable.empty {
                precondition(!(names[Int(slots[slot])] == name), "a watched name is given once")
                slot = (slot + 1) & (NameTable.slotCount - 1)
            }
            slots[slot] = UInt8(index)
        }
    }

    deinit {
        names.deallocate()
        slots.deallocate()
    }

    subscript(_ index: Int) -> ByteSlice { names[index] }

    /// Which watched name `name` is.
    @inline(__always)
    func index(of name: ByteSlice) -> Int? {
        guard name.count > 0 else { return nil }
        var slot = NameTable.slot(of: name)
        // At most half of the slots are taken, so every search meets an empty one.
        while slots[slot] != NameTable.empty {
            let index = Int(slots[slot])
            if names[index] == name { return index }
            slot = (slot + 1) & (NameTable.slotCount - 1)
        }
        return nil
    }

    @inline(__always)
    private static func slot(of name: ByteSlice) -> Int {
        let last = Int(name[name.count - 1])
        let middle = Int(name[name.count >> 1])
        return (name.count &* 37 &+ Int(name[0]) &* 11 &+ middle &* 5 &+ last) & (slotCount - 1)
    }
}
