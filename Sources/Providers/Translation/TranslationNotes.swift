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

    /// Whether the client's member `name` was left out, or may have been: what did not fit is not known by name.
    public func mayHaveDropped(_ name: StaticString) -> Bool { unsaidCount > 0 || has(ByteSlice(name), in: \.dropped) }

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

    /// Adds what another translation could not carry over, each name once.
    public mutating func add(_ other: TranslationNotes) {
        for text in [\TranslationNotes.dropped, \TranslationNotes.changed] {
            var names = other[keyPath: text]
            names.withBytesInPlace { names in
                var rest = names
                while !rest.isEmpty {
                    let end = rest.firstRange(of: ByteSlice(", "))?.lowerBound ?? rest.count
                    if !has(rest.prefix(end), in: text) { add(rest.prefix(end), to: text) }
                    rest = rest.dropFirst(min(end + 2, rest.count))
                }
            }
        }
        unsaidCount = max(unsaidCount, other.unsaidCount)
    }

    private func has(_ name: ByteSlice, in text: WritableKeyPath<TranslationNotes, NoteText>) -> Bool {
        self[keyPath: text].withBytes { said in
            var rest = said
            while !rest.isEmpty {
                let end = rest.firstRange(of: ByteSlice(", "))?.lowerBound ?? rest.count
                if rest.prefix(end) == name { return true }
                rest = rest.dropFirst(min(end + 2, rest.count))
            }
            return false
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
