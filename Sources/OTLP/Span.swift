/// One span, whichever way it was written.
public struct Span: Equatable, Sendable {
    public enum Status: Sendable {
        case unset, ok, error
    }

    public struct Event: Equatable, Sendable {
        public var nanoseconds: UInt64 = 0
        public var name = ""
        public var attributes = Attributes()
        /// All that one of GenAI's says, where that is kept.
        public var contents = Attributes()

        public init() {}
    }

    /// In lower-case hexadecimal; empty for an id of the wrong length, and for none.
    public var trace = ""
    public var span = ""
    public var parent = ""
    public var name = ""
    /// Since 1970.
    public var startNanoseconds: UInt64 = 0
    public var endNanoseconds: UInt64 = 0
    public var attributes = Attributes()
    /// Those that say what was asked and answered, where that is kept.
    public var contents = Attributes()
    public var events: [Event] = []
    /// Whether there was more that says so than is kept.
    public var isContentCut = false
    public var status = Status.unset
    public var statusMessage = ""
    /// What it comes from: shared by the spans of a process.
    public var resource = Attributes()

    public init() {}

    /// Adds an event, up to the bound on how many are kept.
    ///
    /// - Returns: whether it is kept.
    mutating func add(_ event: Event) -> Bool {
        let most = OTLPLimits.eventCount + (event.name == ContentNames.choice ? OTLPLimits.choiceCount : 0)
        guard events.count < most else { return false }
        events.append(event)
        return true
    }
}

/// One log record; what it says in its body is not read.
public struct LogRecord: Equatable, Sendable {
    public var trace = ""
    public var span = ""
    /// When it happened, or was seen.
    public var nanoseconds: UInt64 = 0
    /// `gen_ai.client.inference.operation.details`; empty for a line of a log.
    public var event = ""
    public var attributes = Attributes()
    /// Those that say what was asked and answered, where that is kept.
    public var contents = Attributes()
    /// Whether there was more that says so than is kept.
    public var isContentCut = false
    public var resource = Attributes()

    public init() {}
}
