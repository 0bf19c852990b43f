import Bytes
import JSON

/// How much is still kept: of what one body says was asked and answered, or of one attribute.
///
/// A class, for who reads a body's spans and who makes readings of them take from one count.
public final class ValueRoom {
    /// Values.
    private(set) var left: Int
    /// Values of texts that are JSON: apart, for what has no room there stays a text, and nothing is lost.
    private(set) var leftOfTexts: Int
    /// Bytes of JSON that they are written as.
    private var bytesLeft: Int
    private var hasLeftOut = false

    public init(
        _ count: Int = OTLPLimits.contentValueCount, ofTexts textsCount: Int = OTLPLimits.contentTextsValueCount,
        byteCount: Int = OTLPLimits.bodyContentByteCount
    ) {
        left = count
        leftOfTexts = textsCount
        bytesLeft = byteCount
    }

    /// Whether there is room for one more, which it then has.
    func take() -> Bool {
        guard left > 0 else {
            leaveOut()
            return false
        }
        left -= 1
        return true
    }

    /// What a text is as JSON; nil for one that is none, or has more values than there is room for. It has cost as many as were read, for that takes time.
    func document(_ text: [UInt8]) -> DocumentNode? {
        let share = min(leftOfTexts, OTLPLimits.contentTextValueCount)
        guard share > 0 else { return nil }
        var left = share
        let (document, diagnostics) = text.withByteSlice { DocumentParser.parse($0, textByteCount: OTLPLimits.contentByteCount, nodesLeft: &left) }
        leftOfTexts -= share - left
        // What names something twice is more faithful as the text that it is.
        return diagnostics.isEmpty ? document?.root : nil
    }

    /// A value as JSON, as much of it as there is room for.
    func json(_ node: DocumentNode) -> [UInt8] {
        let (bytes, isCut) = node.json(atMost: min(bytesLeft, OTLPLimits.contentByteCount))
        bytesLeft -= bytes.count
        if isCut { leaveOut() }
        return bytes
    }

    /// Notes that something is not kept, for this reason or another.
    func leaveOut() { hasLeftOut = true }

    /// Whether that was so since the last time.
    func takeLeftOut() -> Bool {
        defer { hasLeftOut = false }
        return hasLeftOut
    }
}
