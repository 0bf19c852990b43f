import Bytes
import JSON

/// What a model's name tells of how it may be asked.
///
/// - Source: ai.google.dev/gemini-api/docs/thinking (which family takes levels, which budgets) and …/docs/models (names)
struct GeminiModel: BitwiseCopyable {
    enum Thinking: BitwiseCopyable {
        /// It does not think, or is not known to: a `thinkingConfig` would be refused.
        case none
        /// Gemini 2.5, and names without a version: `thinkingBudget`, which Gemini 3 takes too.
        case budget
        /// Gemini 3 and later: `thinkingLevel`.
        case level
    }

    private(set) var thinking = Thinking.none
    private(set) var isPro = false
    private(set) var isLite = false
    /// Gemini 3 of the first releases knows no `MEDIUM` (Pro) and knows `MINIMAL` (Flash).
    private(set) var takesMinimal = false
    private(set) var takesMedium = true

    /// Gemini 3 refuses a function call that comes back without its thought signature, and takes media inside a function's response.
    var isThirdGeneration: Bool { thinking == .level }

    init(_ name: JSONString?) {
        guard let name = name.map({ GeminiModel.withoutPrefix($0.content) }), name.hasPrefix("gemini-") else { return }
        if GeminiText.contains(name, "image") || GeminiText.contains(name, "tts") || GeminiText.contains(name, "embedding") { return }
        isPro = GeminiText.contains(name, "-pro")
        isLite = GeminiText.contains(name, "-lite")
        let version = name.dropFirst(7)
        guard let (major, minor) = GeminiModel.version(version) else {
            thinking = GeminiText.contains(name, "-latest") ? .budget : .none
            return
        }
        if major >= 3 {
            thinking = .level
            takesMinimal = GeminiText.contains(name, "-flash") && major == 3 && minor <= 5
            takesMedium = !(isPro && major == 3 && minor == 0)
        } else if major == 2, minor == 5 {
            thinking = .budget
        }
    }

    /// `models/gemini-2.5-pro` and `gemini-2.5-pro` are the same model.
    static func withoutPrefix(_ name: ByteSlice) -> ByteSlice { name.hasPrefix("models/") ? name.dropFirst(7) : name }

    /// The two numbers `text` starts with: `2.5-pro` and `3-flash`.
    private static func version(_ text: ByteSlice) -> (Int, Int)? {
        var numbers = (0, 0)
        var at = 0
        while at < min(text.count, 3), ASCII.isDigit(text[at]) {
            numbers.0 = numbers.0 * 10 + Int(text[at] & 15)
            at += 1
        }
        guard at > 0 else { return nil }
        guard at < text.count, text[at] == UInt8(ascii: ".") else { return numbers }
        at += 1
        let end = min(text.count, at + 3)
        while at < end, ASCII.isDigit(text[at]) {
            numbers.1 = numbers.1 * 10 + Int(text[at] & 15)
            at += 1
        }
        return numbers
    }
}
