import Bytes
import JSON

/// Bytes being written, in memory that grows and is reused.
struct Output: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    /// - Parameter capacity: room to begin with; none allocates nothing that matters.
    init(capacity: Int = 0) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    /// What has been written; valid until the next write.
    var bytes: ByteSlice { ByteSlice(base, count: count) }
    var isEmpty: Bool { count == 0 }

    /// Empties it, and gives memory beyond `kept` bytes back.
    mutating func removeAll(keeping kept: Int = MockLimits.keptScratchByteCount) {
        count = 0
        guard capacity > kept else { return }
        base.deallocate()
        capacity = 0
        base = .allocate(capacity: 0)
    }

    /// Forgets the last `byteCount` bytes.
    mutating func removeLast(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= count, "only what is there is removed")
        count -= byteCount
    }

    /// Makes room for `more` bytes: slices of what is written stay valid while they are added.
    mutating func reserve(_ more: Int) {
        guard more > capacity - count else { return }
        let grown = max(capacity * 2, count + more, 1024)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = grown
    }

    /// Lets `body` write at most `limit` bytes.
    @inline(__always)
    mutating func write(atMost limit: Int, _ body: (inout ByteWriter) -> Void) {
        reserve(limit)
        var writer = ByteWriter(base + count, capacity: limit)
        body(&writer)
        assert(!writer.overflowed)
        count += writer.count
    }

    @inline(__always)
    mutating func append(_ bytes: ByteSlice) {
        reserve(bytes.count)
        (base + count).update(from: bytes.base, count: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ literal: StaticString) { append(ByteSlice(literal)) }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    mutating func append(decimal number: Int) { write(atMost: 20) { $0.append(decimal: number) } }

    mutating func append(decimal number: UInt64) { write(atMost: 20) { $0.append(decimal: number) } }

    mutating func append(hexadecimal number: UInt64) { write(atMost: 16) { $0.append(hexadecimal: number) } }

    /// The bytes as the inside of a JSON string.
    mutating func append(jsonContent text: ByteSlice) {
        // A control byte becomes \u00xx; an invalid one U+FFFD, of three bytes.
        write(atMost: text.count * 6) { $0.append(jsonContent: text) }
    }

    /// The text as the inside of a JSON string. For messages.
    mutating func append(jsonContent text: String) {
        Array(text.utf8).withByteSlice { append(jsonContent: $0) }
    }

    /// The bytes as a JSON string.
    mutating func append(jsonString text: ByteSlice) {
        append(UInt8(ascii: "\""))
        append(jsonContent: text)
        append(UInt8(ascii: "\""))
    }

    mutating func append(jsonString text: StaticString) { append(jsonString: ByteSlice(text)) }

    /// The bytes in base64, padded (RFC 4648 §4).
    mutating func append(base64 bytes: ByteSlice) {
        write(atMost: (bytes.count + 2) / 3 * 4) { $0.append(base64: bytes) }
    }
}
