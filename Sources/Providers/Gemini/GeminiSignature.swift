import Bytes
import JSON

/// Thought signatures: what Gemini signs its thinking with, to be sent back unread.
enum GeminiSignature {
    /// Stands for the signature of a call that comes without: Gemini 3 answers such a call with 400, and clients that speak a
    /// dialect without a place for signatures cannot keep them.
    /// - Source: ai.google.dev/gemini-api/docs/thought-signatures, "FAQs"
    static let missing: StaticString = "skip_thought_signature_validator"

    /// Whether `signature` is known to be another provider's, which Gemini would refuse as corrupt: a conversation that fell back
    /// from Claude has Claude's.
    ///
    /// Neither provider documents the form. Claude's are protocol buffers that start with field 2, and in it field 1, whose own first
    /// field is number 1 or 3 and a number (`08` or `18`); in Gemini's, a cipher text stands there, which starts with 01. What is
    /// not surely Claude's is sent.
    static func isForeign(_ signature: JSONString) -> Bool {
        var bytes = InlineArray<12, UInt8>(repeating: 0)
        guard decodeStart(of: signature.content, into: &bytes), bytes[0] == 0x12 else { return false }
        let outer = 1 + varintLength(bytes, at: 1)
        guard bytes[outer] == 0x0A else { return false }
        let inner = outer + 1 + varintLength(bytes, at: outer + 1)
        return bytes[inner] == 0x08 || bytes[inner] == 0x18
    }

    /// Bytes of the number at `start`, at most 3: the array has room for both numbers and what follows.
    private static func varintLength(_ bytes: borrowing InlineArray<12, UInt8>, at start: Int) -> Int {
        var length = 1
        while length < 3, bytes[start + length - 1] & 0x80 != 0 { length += 1 }
        return length
    }

    /// The first twelve bytes of base64; false when there are none.
    private static func decodeStart(of text: ByteSlice, into bytes: inout InlineArray<12, UInt8>) -> Bool {
        guard text.count >= 16 else { return false }
        for group in 0..<4 {
            var bits: UInt32 = 0
            for index in 0..<4 {
                guard let digit = digit(text[group * 4 + index]) else { return false }
                bits = bits << 6 | digit
            }
            for index in 0..<3 { bytes[group * 3 + index] = UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index)) }
        }
        return true
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
