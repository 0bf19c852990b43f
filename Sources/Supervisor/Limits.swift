/// Bounds of the supervisor.
public enum SupervisorLimits {
    /// A serving process that ends sooner has died young, and its successor may have to wait.
    static let youngNanoseconds: UInt64 = 60_000_000_000

    /// Wait of the successor of the second that dies young in a row; it doubles with each. The first has none.
    static let shortestBackOffNanoseconds: UInt64 = 100_000_000

    /// The longest that wait becomes after one that was never ready: somebody who mends what is broken need not wait for longer.
    static let longestBackOffNanoseconds: UInt64 = 30_000_000_000

    /// The same after one that was ready: with its start, a request that kills it again and again costs others less than a second each time.
    static let longestServingBackOffNanoseconds: UInt64 = 800_000_000

    /// For a serving process to be ready after a restart or in an upgrade, unless --ready-timeout says otherwise.
    public static let readyNanoseconds: UInt64 = 30_000_000_000

    /// For a serving process whose workers do not turn to be ended for it, unless --hang-timeout says otherwise: far longer than a turn, a
    /// machine that swaps or a disk that stands still take.
    public static let hangNanoseconds: UInt64 = 60_000_000_000

    /// The longest that --hang-timeout may be.
    public static let longestHangNanoseconds: UInt64 = 3_600_000_000_000

    /// How often workers are asked whether they turn, at least.
    static let checkNanoseconds: UInt64 = 10_000_000_000

    /// For a serving process to answer that it has begun to drain; one that does not is killed.
    static let answerNanoseconds: UInt64 = 10_000_000_000

    /// Beyond what a process says its drain takes at most, before it is killed.
    static let drainSlackNanoseconds: UInt64 = 5_000_000_000

    /// Serving processes of earlier binaries that may still drain when another upgrade is asked for.
    static let drainingProcesses = 16

    /// A pid file that its owner removed between our opening and our locking it is opened anew: that owner has ended, and few can end at once.
    static let pidFileTries = 16

    /// One message between supervisor and serving process, or of who asks for an upgrade.
    static let messageByteCount = 4096

    /// Descriptors that go with one message; the kernel takes 253 (unix(7), SCM_MAX_FD).
    static let descriptorsPerMessage = 64

    /// Listening sockets of one address: one a worker.
    static let socketsPerAddress = 256

    /// Addresses, as a configuration may list them.
    static let addresses = 32

    /// The longest that --ready-timeout may be: a start takes less, or something is wrong.
    public static let longestReadyNanoseconds: UInt64 = 300_000_000_000

    /// Until `sluice upgrade` gives up on an answer: a supervisor gives one sooner, whatever its --ready-timeout.
    static let upgradeAnswerNanoseconds: UInt64 = 330_000_000_000
}
