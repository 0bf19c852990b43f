/// How answers of a target are kept and found again.
public struct CacheRule: BitwiseCopyable, Sendable, Equatable {
    public enum Mode: String, CaseIterable, BitwiseCopyable, Sendable {
        /// By exactly what was asked.
        case simple
        /// By what was meant. There is no such search yet: served as `simple`.
        case semantic
    }

    public var mode: Mode
    /// Seconds for which an answer is as good as new.
    public var maxAgeSeconds: UInt32
    /// Seconds beyond them, for which it is given while another is fetched.
    public internal(set) var staleWhileRevalidateSeconds: UInt32 = 0
    /// Seconds beyond them, for which it is given where no target answers.
    public internal(set) var staleIfErrorSeconds: UInt32 = 0
    /// Whether requests for what is being fetched wait for that answer.
    public internal(set) var joinsFlights = true
    /// Whether answers that call tools are kept: what a tool would say may have changed.
    public internal(set) var keepsToolCalls = false
    /// Whether all callers share the answers, whoever they are.
    public internal(set) var isGlobal = false

    /// At how many events a second a kept stream is given again; 0 for all at once.
    public internal(set) var replayEventsPerSecond: UInt32 = 0

    public init(mode: Mode, maxAgeSeconds: UInt32 = PolicyLimits.defaultCacheAgeSeconds) {
        self.mode = mode
        self.maxAgeSeconds = maxAgeSeconds
    }
}
