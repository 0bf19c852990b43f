import Bytes

extension UsageScan {
    /// The containers that are followed.
    enum Container: UInt8 {
        case root
        /// `x_groq`, `response` (of Responses events) and `message` (of `message_start`)
        case wrapper
        case choices
        case choice
        /// Anthropic's `delta` of `message_delta`
        case delta
        case usage
        case inputDetails
        case outputDetails
        case cacheCreation
        /// What of the cached tokens is no text
        case cachedDetails
        /// Anthropic's turns of one request, and one of them
        case iterations
        case iteration
        /// How often tools of the provider's own were used
        case serverTools
        case geminiRoot
        case geminiCandidates
        case geminiCandidate
        /// `promptFeedback`, which says why there are no candidates
        case geminiFeedback
        case geminiUsage
        /// `promptTokensDetails`, `cacheTokensDetails` and `candidatesTokensDetails`
        case geminiPrompt
        case geminiCache
        case geminiOutput
        /// One of their elements
        case geminiModality
        /// Vertex AI's embeddings tell of the tokens of each text: `predictions`, one of them, its `embeddings` and their `statistics`
        case vertexPredictions
        case vertexPrediction
        case vertexEmbedding
        case vertexStatistics
        case bedrockRoot
        case bedrockUsage
        /// `cacheDetails`, and one of its elements
        case bedrockDetails
        case bedrockDetail
        case bedrockTier

        /// What an array's elements are; nil for objects.
        @inline(__always)
        var element: Container? {
            switch self {
            case .choices: .choice
            case .geminiCandidates: .geminiCandidate
            case .geminiPrompt, .geminiCache, .geminiOutput: .geminiModality
            case .bedrockDetails: .bedrockDetail
            case .iterations: .iteration
            case .vertexPredictions: .vertexPrediction
            default: nil
            }
        }

        /// Whether its elements are the answers to the request.
        var isOfChoices: Bool { self == .choices || self == .geminiCandidates }

        /// Where a modality's tokens belong when they are sound.
        var audioCount: ReportedUsage.Count? {
            switch self {
            case .geminiPrompt: .audioInput
            case .geminiCache: .cachedAudio
            case .geminiOutput: .audioOutput
            default: nil
            }
        }

        /// Where they belong when they are pictures.
        var imageCount: ReportedUsage.Count? {
            switch self {
            case .geminiPrompt: .imageInput
            case .geminiCache: .cachedImage
            case .geminiOutput: .imageOutput
            default: nil
            }
        }
    }

    /// What a member's value is to us.
    enum Slot {
        case skipped
        case object(Container)
        case array(Container)
        case count(ReportedUsage.Count)
        case word(Word)
    }

    /// The texts that are kept.
    enum Word: UInt8 {
        case model, type, finishReason, modality, serviceTier, speed, turnModel

        /// Whether it says something of the whole answer, and not of the event or the object it stands in.
        var isOfAnswer: Bool {
            switch self {
            case .model, .finishReason, .serviceTier, .speed: true
            case .type, .modality, .turnModel: false
            }
        }
    }
}
