public import Bytes

/// Names and their indexes, looked up by bytes without an allocation.
///
/// Immutable, so any thread may read it. Open addressing at half load; a name is found or
/// missed in one or two probes.
public final class NameTable: Sendable {
    /// In the order given; a name's index is its place here.
    public let names: [String]
    private let texts: [[UInt8]]
    private let slots: [Int32]
    private let hash: ByteHash

    /// - Parameter names: of two equal ones the first is found.
    public init(_ names: [String]) {
        self.names = names
        let texts = names.map { Array($0.utf8) }
        // Names are the operator's own, so the seed need not be secret.
        let hash = ByteHash(seed: 0x5151_CE00)
        var slots = [Int32](repeating: -1, count: NameTable.slotCount(for: names.count))
        for (index, text) in texts.enumerated() {
            var slot = text.withByteSlice { hash.hash($0) } & UInt64(slots.count - 1)
            while slots[Int(slot)] >= 0, texts[Int(slots[Int(slot)])] != text { slot = (slot + 1) & UInt64(slots.count - 1) }
            if slots[Int(slot)] < 0 { slots[Int(slot)] = Int32(index) }
        }
        self.texts = texts
        self.slots = slots
        self.hash = hash
    }

    private static func slotCount(for nameCount: Int) -> Int {
        var count = 4
        while count < nameCount * 2 { count *= 2 }
        return count
    }

    public func index(of name: ByteSlice) -> Int? {
        var slot = hash.hash(name) & UInt64(slots.count - 1)
        while slots[Int(slot)] >= 0 {
            let index = Int(slots[Int(slot)])
            if texts[index].withByteSlice({ $0 == name }) { return index }
            slot = (slot + 1) & UInt64(slots.count - 1)
        }
        return nil
    }

    public func index(of name: String) -> Int? {
        Array(name.utf8).withByteSlice { index(of: $0) }
    }
}
