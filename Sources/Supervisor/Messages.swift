/// What a serving process says to its supervisor, one message each: a word and its arguments, divided by blanks.
public enum ServingMessage: Equatable, Sendable {
    /// First of all: how it speaks, and what it is.
    case hello(protocolVersion: Int, version: String, build: String)
    /// It wants to listen there, with so many sockets.
    case listen(count: Int, address: String)
    /// It serves.
    case ready
    /// It finishes what is in flight, within this time.
    case draining(milliseconds: UInt64)
    case reloading
    /// Whether another configuration serves now.
    case reloaded(isAdopted: Bool)
    /// All its workers have turned since it was asked.
    case alive(UInt64)

    /// Both sides of a channel speak this, and a supervisor leaves its state in this form to the binary it becomes.
    public static let protocolVersion = 2

    var text: String {
        switch self {
        case .hello(let number, let version, let build): "hello \(number) \(version) \(build)"
        case .listen(let count, let address): "listen \(count) \(address)"
        case .ready: "ready"
        case .draining(let milliseconds): "draining \(milliseconds)"
        case .reloading: "reloading"
        case .reloaded(let isAdopted): "reloaded \(isAdopted ? 1 : 0)"
        case .alive(let number): "alive \(number)"
        }
    }

    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        switch (words[0], words.count) {
        case ("hello", 4):
            guard let number = Int(words[1]) else { return nil }
            self = .hello(protocolVersion: number, version: String(words[2]), build: String(words[3]))
        case ("listen", 3...):
            guard let count = Int(words[1]), (1...SupervisorLimits.socketsPerAddress).contains(count) else { return nil }
            // A path may have blanks.
            self = .listen(count: count, address: words[2...].joined(separator: " "))
        case ("ready", 1): self = .ready
        case ("draining", 2):
            guard let milliseconds = UInt64(words[1]) else { return nil }
            self = .draining(milliseconds: milliseconds)
        case ("reloading", 1): self = .reloading
        case ("reloaded", 2): self = .reloaded(isAdopted: words[1] == "1")
        case ("alive", 2):
            guard let number = UInt64(words[1]) else { return nil }
            self = .alive(number)
        default: return nil
        }
    }
}

/// What a supervisor says to a serving process.
public enum SupervisorMessage: Equatable, Sendable {
    /// The answer to `listen`: descriptors go with it, in several messages when they are many. `total` counts them all.
    case sockets(total: Int)
    case refused(String)
    case order(Order)

    /// What a serving process can be told to do.
    public enum Order: Equatable, Sendable {
        /// Finish what is in flight within `drain_timeout`, and end.
        case stop
        /// Another process serves: finish what is in flight within `upgrade_drain_timeout`, and end.
        case drain
        case reload
        /// Answer `alive` with this number once all workers have turned.
        case check(UInt64)
    }

    var text: String {
        switch self {
        case .sockets(let total): "sockets \(total)"
        case .refused(let reason): "refused \(reason)"
        case .order(.stop): "stop"
        case .order(.drain): "drain"
        case .order(.reload): "reload"
        case .order(.check(let number)): "check \(number)"
        }
    }

    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        switch (words[0], words.count) {
        case ("sockets", 2):
            guard let total = Int(words[1]), (1...SupervisorLimits.socketsPerAddress).contains(total) else { return nil }
            self = .sockets(total: total)
        case ("refused", 2): self = .refused(String(words[1]))
        case ("stop", 1): self = .order(.stop)
        case ("drain", 1): self = .order(.drain)
        case ("reload", 1): self = .order(.reload)
        case ("check", 2):
            guard let number = UInt64(words[1]) else { return nil }
            self = .order(.check(number))
        default: return nil
        }
    }
}
