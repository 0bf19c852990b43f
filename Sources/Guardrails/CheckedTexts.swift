public import Bytes

/// The texts that checks look at, decoded: of a request one, of an answer one for each choice.
///
/// A text that needs no decoding and stands alone stays where it is, and whoever gave it keeps it there.
public struct CheckedTexts: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>?
    private var writer: ByteWriter
    private var lone: ByteSlice?
    /// Where each text ends.
    private var ends: [Int] = []
    /// Whether a number stood where texts are looked for, as tokens do: what it says cannot be checked.
    public internal(set) var hasNumbers = false

    public init() {
        writer = ByteWriter(CheckedTexts.nowhere, capacity: 0)
    }

    /// Where nothing is written, by a capacity of none.
    private static var nowhere: UnsafeMutablePointer<UInt8> { UnsafeMutablePointer(mutating: ByteSlice("").base) }

    deinit { memory?.deallocate() }

    public var count: Int { lone == nil ? ends.count : 1 }

    /// Bytes of all texts together.
    public var byteCount: Int { lone?.count ?? writer.count }

    public subscript(_ index: Int) -> ByteSlice {
        if let lone { return lone }
        precondition(index >= 0 && index < ends.count, "a text's index is below the count")
        return writer.written[(index > 0 ? ends[index - 1] : 0)..<ends[index]]
    }

    /// Forgets the texts; memory that was large goes back.
    public mutating func removeAll() {
        lone = nil
        hasNumbers = false
        // At most `textCount`: a few pages.
        ends.removeAll(keepingCapacity: true)
        if writer.capacity > GuardrailLimits.keptTextByteCount {
            memory?.deallocate()
            memory = nil
            writer = ByteWriter(CheckedTexts.nowhere, capacity: 0)
        }
        writer = ByteWriter(writer.base, capacity: writer.capacity)
    }

    /// Makes room for texts of `byteCount` bytes together. What was there is forgotten.
    mutating func begin(byteCount: Int) {
        removeAll()
        guard writer.capacity < byteCount else { return }
        memory?.deallocate()
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCount)
        memory = room
        writer = ByteWriter(room, capacity: byteCount)
    }

    /// The one text there is, where it stands.
    mutating func set(_ text: ByteSlice) {
        removeAll()
        lone = text
    }

    /// Adds to the text under way.
    mutating func write(_ body: (inout ByteWriter) -> Void) { body(&writer) }

    /// The text under way is whole.
    mutating func endText() throws(TextFault) {
        guard ends.count < GuardrailLimits.textCount else { throw .tooManyTexts }
        ends.append(writer.count)
    }
}
