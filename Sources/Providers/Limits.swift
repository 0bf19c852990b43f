public import Bytes

/// The bounds of this module.
public enum Limits {
    /// Bytes of a credential. The longest in use are OAuth and cloud JWTs of a few KiB.
    public static let credentialByteCount = 8192

    /// The largest token count believed. The twelve counts of an answer add up without overflow, and no
    /// model reads 2⁴⁸ tokens.
    public static let tokenCount: Int64 = 1 << 48

    /// A warning field names what was dropped, 250 bytes, and what was changed, as much again; a name is cut at 64 bytes. A response
    /// head has to hold it.
    static let noteByteCount = 250
    static let noteNameByteCount = 64

    /// Bytes of an error text that is no JSON, such as a proxy's page, that are told to the client.
    static let faultTextByteCount = 2048

    /// Names of dropped members a further one is compared with, so that what recurs in each message is told once.
    static let comparedExtras = 16

    /// Choices of one answer; OpenAI's `n` is at most 128.
    static let choices = 128

    /// Tool calls of one stream that are told apart by choice and index, 128: as many as a request may have tools.
    static let openCalls = 128
    /// Bytes of a model's name in a path of the Gemini API: the longest, of tuned models, have about 60.
    static let geminiModelByteCount = 128

    /// Function calls in one turn that results are looked up among, so that a body of nothing but calls and results costs no
    /// square of its length. No model makes more than some dozens.
    static let geminiTurnCallCount = 256

    /// Calls whose names are looked at for Bedrock, where a conversation has calls and the request no tools.
    static let bedrockNamedCallCount = 1024

    /// Stop sequences a request of Gemini's may have.
    static let geminiStopCount = 5

    /// Stop sequences a request of Converse's may have.
    static let bedrockStopCount = 2500

    /// Bytes of a model's id in a path of the Bedrock runtime: the longest ARNs, of SageMaker endpoints and imported models, have about 150.
    static let bedrockModelByteCount = 512

    /// Bytes of a tool call's id that Converse takes.
    static let bedrockCallIDByteCount = 64

    /// Bytes of a file's name that are shown to the model beside the document's number; a document's name has at most 200.
    static let bedrockDocumentNameByteCount = 150

    /// Bytes of the name of a cloud's region: a label of a host name, of which the longest, `us-gov-west-1` and its kin, fill a quarter.
    static let regionByteCount = 48

    /// Parts of an upload's form; the API has five.
    static let formParts = 16

    /// Bytes of a batch's id: the longest ARN AWS takes.
    static let jobByteCount = 1011

    /// The last time believed of a cloud's, in seconds since 1970: the year 9999.
    static let cloudSeconds: Int64 = 253_402_300_799

    /// Events at a stream's start that are scanned for the model's name, for hosts that send none.
    static let modelSearchEventCount = 4
}

/// A model's name as kept for the record, 128 bytes. A fine-tuned model's name is about 80.
public typealias ModelText = InlineText<128>

/// A model's id in a path of Bedrock's, 512 bytes: `Limits.bedrockModelByteCount`.
typealias BedrockModelText = InlineText<512>

/// The calls of one of Bedrock's answers, by their blocks' index in the message, 128: `Limits.openCalls`.
typealias BedrockCalls = InlineArray<128, Int64>

/// A finish reason or event type, 48 bytes. The longest known, `response.incomplete` and its kin,
/// stay under 40.
public typealias WordText = InlineText<48>

/// What a translation has to tell of one kind, 250 bytes: `Limits.noteByteCount`.
typealias NoteText = InlineText<250>

/// A member name that is looked at, 32 bytes; `cache_creation_input_tokens` has 27.
typealias MemberNameText = InlineText<32>

/// The part of a path after `/v1` that is compared with the known endpoints, 48 bytes. The longest
/// of those has 22; what follows it in a longer path is not looked at.
typealias PathText = InlineText<48>

/// The containers the usage reader is in, six: an event, its message, usage, turns, one of them, and its details.
typealias FollowedContainers = InlineArray<6, UsageScan.Container>

/// The renames of one row, two: no host needs more.
typealias RenameEntries = InlineArray<2, FieldRename>

/// What a reader of OpenAI's streams knows of each choice, 128: `Limits.choices`.
typealias ReadChoices = InlineArray<128, OpenAIAnswerReader.Choice>

/// The tool calls of one stream, 128: `Limits.openCalls`.
typealias ReadCalls = InlineArray<128, OpenAIAnswerReader.Call>

/// What a writer of OpenAI's streams has said of each choice, 128: `Limits.choices`.
typealias WrittenChoices = InlineArray<128, OpenAIAnswerWriter.Choice>

/// Which choices a whole answer has, 128: `Limits.choices`.
typealias SeenChoices = InlineArray<128, Bool>

/// An answer's id, 64 bytes: the longest in use, OpenRouter's and Anthropic's, stay under 40. A longer one is replaced.
typealias AnswerIDText = InlineText<64>

/// Different native members of one choice of a whole answer, 16: all dialects together have fewer.
typealias NativeMembers<Member> = InlineArray<16, Member>
/// The calls each candidate of one of Gemini's answers has made so far, for 16 candidates: the API gives at most 8.
typealias GeminiCallCounts = InlineArray<16, Int>
