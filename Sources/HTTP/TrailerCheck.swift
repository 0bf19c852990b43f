import Bytes

/// What is remembered of a trailer section while it passes: counts, and the current name's first bytes, in
/// case it is one that may not stand there.
struct TrailerCheck {
    /// Longer than any name `FieldName` knows (`x-portkey-strict-open-ai-compliance`, 35).
    private static let nameCapacity = 40

    var byteCount = 0
    private(set) var fieldCount = 0
    private(set) var fieldStart = 0
    private var name = InlineArray<40, UInt8>(repeating: 0)
    private var nameByteCount = 0

    mutating func startField(_ byte: UInt8, at offset: Int) {
        fieldCount += 1
        fieldStart = offset
        nameByteCount = 0
        continueName(byte)
    }

    /// Bytes past the capacity are dropped: the ones kept already tell the name's family.
    mutating func continueName(_ byte: UInt8) {
        guard nameByteCount < TrailerCheck.nameCapacity else { return }
        name[nameByteCount] = byte
        nameByteCount += 1
    }

    /// The current name, if a trailer may not have it.
    var forbiddenName: FieldName? {
        let bytes = name
        let classified = bytes.span.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { FieldName.classify($0, nameByteCount) } ?? .other
        }
        return FieldNameSet.forbiddenInTrailers.contains(classified) ? classified : nil
    }
}
