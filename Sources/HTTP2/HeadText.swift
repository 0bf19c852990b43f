import Bytes
import HTTP

/// The text of a head while it is written: a block that grows.
struct HeadText: ~Copyable {
    private let blocks: BlockPool
    private var block: Block?
    private(set) var count = 0
    /// There was no memory for more of it.
    private(set) var isShort = false

    init(_ blocks: BlockPool) { self.blocks = blocks }

    var base: UnsafeMutablePointer<UInt8>? {
        switch block {
        case .some(let block): block.base
        case nil: nil
        }
    }

    /// What was written at `range`; empty where nothing was.
    func slice(_ range: Range<Int>) -> ByteSlice { base.map { ByteSlice($0 + range.lowerBound, count: range.count) } ?? ByteSlice("") }

    /// Room for `byteCount` more bytes; false when there is no memory.
    mutating func reserve(_ byteCount: Int) -> Bool {
        let needed = count + byteCount
        guard let current = block.take() else {
            block = blocks.lease(atLeast: max(needed, HTTP2Limits.firstBlockByteCount))
            if block == nil { isShort = true }
            return block != nil
        }
        if current.capacity >= needed {
            block = consume current
            return true
        }
        guard let larger = blocks.lease(atLeast: max(needed, 2 * current.capacity)) else {
            block = consume current
            isShort = true
            return false
        }
        larger.copy(current.slice(0..<count), to: 0)
        block = consume larger
        return true
    }

    mutating func append(_ bytes: ByteSlice) {
        guard reserve(bytes.count) else { return }
        block?.copy(bytes, to: count)
        count += bytes.count
    }

    mutating func append(field name: ByteSlice, _ value: ByteSlice) {
        let needed = name.count + value.count + 4
        guard reserve(needed), let base else { return }
        var writer = ByteWriter(base + count, capacity: needed)
        writer.append(field: name, value)
        count += writer.count
    }

    mutating func append(field name: StaticString, _ value: ByteSlice) { append(field: ByteSlice(name), value) }

    mutating func takeBlock() -> Block? { block.take() }
}

/// What both kinds of head have in common.
enum HeadField {
    /// A token without capitals (RFC 9113 §8.2.1).
    static func isName(_ name: ByteSlice) -> Bool {
        guard FieldSyntax.isToken(name) else { return false }
        for index in 0..<name.count where name[index] != ASCII.lowercased(name[index]) { return false }
        return true
    }
}
