import Bytes
import JSON

/// Gemini's words for why a candidate ended.
///
/// - Source: ai.google.dev/api/generate-content#FinishReason, #BlockReason; google-genai types.FinishReason
enum GeminiFinish {
    /// Nil when the candidate has not ended. A word that came after this was written is `.other`.
    static func reason(_ word: JSONString, hasCalled: Bool) -> FinishReason? {
        guard let word = word.plain else { return .other }
        if word == "STOP" { return hasCalled ? .toolCalls : .stop }
        if word == "MAX_TOKENS" || word == "CONTINUATION" { return .length }
        if word == "FINISH_REASON_UNSPECIFIED" || word.isEmpty { return nil }
        if word == "SAFETY" || word == "RECITATION" || word == "LANGUAGE" || word == "BLOCKLIST" || word == "PROHIBITED_CONTENT" || word == "SPII"
            || word == "IMAGE_SAFETY" || word == "IMAGE_PROHIBITED_CONTENT" || word == "IMAGE_RECITATION" || word == "MODEL_ARMOR" || word == "ESCALATION"
        {
            return .contentFilter
        }
        // OTHER, MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS, MISSING_THOUGHT_SIGNATURE, MALFORMED_RESPONSE,
        // IMAGE_OTHER, NO_IMAGE and PUP_LIMITED_DISABLED have no nearer kin.
        return .other
    }
}
