public import Bytes

/// Writes one record where it is to lie: first its figures, then its texts, in any order.
///
///     version: 1 byte │ id: 16 bytes │ how many numbers, and they │ tag, length, bytes of each text …
///
/// Numbers and lengths are of variable length (LEB128): most are small, and zeros at the end are left out. Nothing is allocated.
public struct RecordWriter: ~Copyable {
    static let version: UInt8 = 1

    private var writer: ByteWriter

    /// - Parameter room: at least `BooksLimits.recordByteCount` bytes.
    init(_ room: UnsafeMutablePointer<UInt8>) {
        writer = ByteWriter(room, capacity: BooksLimits.recordByteCount)
    }

    var byteCount: Int { writer.count }
    /// Texts may have been left out for want of room; the figures never are.
    var bytes: ByteSlice { writer.written }

    public mutating func write(_ figures: RecordFigures) {
        writer.append(RecordWriter.version)
        writer.append(bigEndian: UInt32(truncatingIfNeeded: figures.identifier.high >> 32))
        writer.append(bigEndian: UInt32(truncatingIfNeeded: figures.identifier.high))
        writer.append(bigEndian: UInt32(truncatingIfNeeded: figures.identifier.low >> 32))
        writer.append(bigEndian: UInt32(truncatingIfNeeded: figures.identifier.low))
        var count = RecordNumber.count
        while count > 0, let number = RecordNumber(rawValue: count - 1), figures.number(number) == 0 { count -= 1 }
        append(UInt64(count))
        var index = 0
        while index < count, let number = RecordNumber(rawValue: index) {
            append(figures.number(number))
            index += 1
        }
    }

    public mutating func trace(_ text: ByteSlice) { write(text, as: .trace) }
    public mutating func span(_ text: ByteSlice) { write(text, as: .span) }
    public mutating func parentSpan(_ text: ByteSlice) { write(text, as: .parentSpan) }
    public mutating func spanName(_ text: ByteSlice) { write(text, as: .spanName) }
    public mutating func organisation(_ text: ByteSlice) { write(text, as: .organisation) }
    public mutating func workspace(_ text: ByteSlice) { write(text, as: .workspace) }
    /// What tells the gateway key from every other.
    public mutating func key(_ text: ByteSlice) { write(text, as: .key) }
    public mutating func keyName(_ text: ByteSlice) { write(text, as: .keyName) }
    public mutating func certificate(_ text: ByteSlice) { write(text, as: .certificate) }
    public mutating func virtualKey(_ text: ByteSlice) { write(text, as: .virtualKey) }
    /// An object, as it was sent.
    public mutating func metadata(_ text: ByteSlice) { write(text, as: .metadata, most: BooksLimits.metadataByteCount) }
    public mutating func user(_ text: ByteSlice) { write(text, as: .user) }
    public mutating func config(_ text: ByteSlice) { write(text, as: .config) }
    /// What tells the text of a config of the file from others of its name.
    public mutating func configDigest(_ text: ByteSlice) { write(text, as: .configDigest) }
    /// The slug of the stored prompt, and its id.
    public mutating func prompt(_ text: ByteSlice) { write(text, as: .prompt) }
    public mutating func promptID(_ text: ByteSlice) { write(text, as: .promptID) }
    public mutating func endpoint(_ text: StaticString) { endpoint(ByteSlice(text)) }
    mutating func endpoint(_ text: ByteSlice) { write(text, as: .endpoint) }
    public mutating func method(_ text: ByteSlice) { write(text, as: .method) }
    public mutating func path(_ text: ByteSlice) { write(text, as: .path) }
    public mutating func provider(_ text: ByteSlice) { write(text, as: .provider) }
    /// The model that was asked for, and the one that served.
    public mutating func model(_ text: ByteSlice) { write(text, as: .model) }
    public mutating func served(_ text: ByteSlice) { write(text, as: .served) }
    /// Where in its config the target stands.
    public mutating func target(_ text: ByteSlice) { write(text, as: .target) }
    public mutating func priceBook(_ text: ByteSlice) { write(text, as: .priceBook) }
    public mutating func error(_ text: ByteSlice) { write(text, as: .error) }
    public mutating func finishReason(_ text: ByteSlice) { write(text, as: .finishReason) }
    public mutating func peer(_ text: ByteSlice) { write(text, as: .peer) }
    public mutating func agent(_ text: ByteSlice) { write(text, as: .agent) }
    /// What Portkey's SDK says of itself.
    public mutating func sdk(_ text: ByteSlice) { write(text, as: .sdk) }
    public mutating func gatewayVersion(_ text: ByteSlice) { write(text, as: .gatewayVersion) }
    public mutating func kind(_ text: ByteSlice) { write(text, as: .kind) }
    /// The terms it was served at, in the provider's word.
    public mutating func serviceTier(_ text: ByteSlice) { write(text, as: .serviceTier) }
    /// Whose budgets and limits it was counted in, a line each: `key:search-team`.
    public mutating func limits(_ text: ByteSlice) { write(text, as: .limits) }

    /// What its guardrails came to, a JSON array; all of it or nothing.
    public mutating func guardrails(_ text: ByteSlice) {
        if text.count <= BooksLimits.guardrailsByteCount { write(text, as: .guardrails, most: BooksLimits.guardrailsByteCount) }
    }

    /// The attempts, a JSON array, as the access log tells them, unless the figures say all there is to say; all of it or nothing.
    public mutating func attempts(_ text: ByteSlice) {
        if text.count <= BooksLimits.attemptsByteCount { write(text, as: .attempts, most: BooksLimits.attemptsByteCount) }
    }

    private mutating func write(_ text: ByteSlice, as tag: RecordText, most: Int = BooksLimits.textByteCount) {
        let kept = text.prefix(min(text.count, most))
        // A text that does not fit is left out whole: what follows must be read all the same.
        guard !kept.isEmpty, writer.capacity - writer.count >= kept.count + 4 else { return }
        writer.append(tag.rawValue)
        append(UInt64(kept.count))
        writer.append(kept)
    }

    private mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            writer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writer.append(UInt8(truncatingIfNeeded: rest))
    }
}
