/// Every bound of this module: number, unit, reason.
public enum GuardrailLimits {
    /// Hooks of one target and one side, its ancestors' and the request's own among them. People have two or three.
    public static let hookCount = 32

    /// Checks of one hook.
    public static let checkCount = 32

    /// Names in one list of a check: models, keys, request types. Each is compared with each of a request's.
    public static let nameCount = 64

    /// Values of all rules of one `modelRules`.
    public static let ruleCount = 256

    /// Bytes of one such name, or of an `endsWith` suffix.
    public static let nameByteCount = 1024

    /// Bytes of a hook's id, which every answer repeats.
    public static let idByteCount = 128

    /// Bytes of a hook's feedback, which every answer repeats, too.
    public static let feedbackByteCount = 4096

    /// A count that a check compares with: no text of a request has as many characters.
    public static let count: Int64 = 1_000_000_000

    /// Levels of lists and objects in which the text of a message is looked for: a tool's result has three, one with documents in it
    /// seven. A message with more is refused.
    static let contentDepth = 8

    /// Texts of one answer: choices that people ask for are a few, 128 at most. An answer with more cannot be judged.
    static let textCount = 1024

    /// What a text counts beside its bytes among those looked at: to begin a search and to write its result costs as much.
    static let textCostByteCount = 1 << 10

    /// JSON objects of one text in which keys are looked for: people have one or two. Those past it have no keys.
    static let jsonObjectCount = 1024

    /// How often the bytes of a text are read in the search for JSON: braces that begin none would otherwise be read
    /// again and again. What is past it counts as no JSON.
    static let jsonReadings = 8

    /// Bytes that all checks of one side of a request may look at together, whatever targets and attempts it has, each counted as often
    /// as it is looked at: a tenth of a second and more, in which its worker does nothing else.
    public static let lookedAtByteCount = 256 << 20

    /// Bytes kept for the texts of the next request; larger ones are let go.
    static let keptTextByteCount = 64 << 10
}
