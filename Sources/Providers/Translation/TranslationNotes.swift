public import Bytes

/// What a translation could not carry over, for the client's `x-sluice-warnings`: `dropped: seed, logit_bias; changed: temperature`.
///
/// Names are the client's own and go into a header field, so that all but visible ASCII becomes `?`. Bounded: what does not fit
/// is counted, never lost unsaid.
public struct TranslationNotes {
    private var dropped = NoteText()
    private var changed = NoteText()
    private var unsaidCount = 0

    public init() {}

    public var isEmpty: Bool { dropped.isEmpty && changed.isEmpty && unsaidCount == 0 }

    public mutating func removeAll() {
        dropped.removeAll()
        changed.removeAll()
        unsaidCount = 0
    }

    /// The target has nothing like the client's member `name`: it was left out.
    public mutating func drop(_ name: ByteSlice) { add(name, to: \.dropped) }
    public mutating func drop(_ name: StaticString) { drop(ByteSlice(name)) }

    /// The client's member `name` was sent otherwise than it said, as near as the target allows.
    public mutating func change(_ name: ByteSlice) { add(name, to: \.changed) }
    public mutating func change(_ name: StaticString) { change(ByteSlice(name)) }

    private mutating func add(_ name: ByteSlice, to text: WritableKeyPath<TranslationNotes, NoteText>) {
        let shown = name.prefix(min(name.count, Limits.noteNameByteCount))
        guard shown.count > 0 else { return }
        guard self[keyPath: text].count + shown.count + 2 <= Limits.noteByteCount else {
            unsaidCount += 1
            return
        }
        if !self[keyPath: text].isEmpty { self[keyPath: text].append(ByteSlice(", ")) }
        for index in 0..<shown.count {
            let byte = shown[index]
            self[keyPath: text].append(byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ",") && byte != UInt8(ascii: ";") ? byte : UInt8(ascii: "?"))
        }
    }

    /// Writes the field's value.
    public mutating func write(into writer: inout ByteWriter) {
        var isFirst = true
        if !dropped.isEmpty {
            writer.append("dropped: ")
            dropped.withBytesInPlace { writer.append($0) }
            isFirst = false
        }
        if !changed.isEmpty {
            writer.append(isFirst ? "changed: " : "; changed: ")
            changed.withBytesInPlace { writer.append($0) }
            isFirst = false
        }
        if unsaidCount > 0 {
            writer.append(isFirst ? "" : "; ")
            writer.append(decimal: unsaidCount)
            writer.append(" more")
        }
    }
}
