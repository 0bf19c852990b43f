import Glibc
import Reactor

/// What a supervisor leaves to the binary it becomes: its state, and the descriptors that stay open over execve(2).
///
/// A line each, of words; the order of lines does not matter. It is read by the binary that the serving process with
/// `ServingMessage.protocolVersion` runs, so both have the same form.
struct Inheritance: Equatable {
    struct Listeners: Equatable {
        var address: String
        var occurrence: Int
        var isOfServiceManager = false
        var descriptors: [CInt]
    }

    var restartCount: UInt64 = 0
    var upgradeCount: UInt64 = 0
    var lastNumber = 0
    var processes: [ServingProcess] = []
    /// The channel of each process, by its number.
    var channels: [Int: CInt] = [:]
    var listeners: [Listeners] = []
    /// Who asked for the upgrade, and waits for an answer.
    var asker: CInt?
    /// Where others ask for the next.
    var requests: CInt?
    var pidFile: CInt?

    var text: String {
        var lines = ["counts \(restartCount) \(upgradeCount) \(lastNumber)"]
        for process in processes {
            let deadline = process.deadline.map { "\($0.nanoseconds)" } ?? "-"
            let channel = channels[process.number].map { "\($0)" } ?? "-"
            lines.append(
                "process \(process.number) \(process.role.rawValue) \(process.pid) \(process.startedAt.nanoseconds) \(deadline) \(channel) "
                    + "\(process.version) \(process.build)")
        }
        for group in listeners {
            let descriptors = group.descriptors.map { "\($0)" }.joined(separator: ",")
            lines.append("listen \(group.occurrence) \(group.isOfServiceManager ? 1 : 0) \(descriptors) \(group.address)")
        }
        for (word, descriptor) in [("asker", asker), ("requests", requests), ("pidfile", pidFile)] {
            if let descriptor { lines.append("\(word) \(descriptor)") }
        }
        return lines.joined(separator: "\n")
    }

    init() {}

    /// Nil when it is not what `text` makes.
    init?(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            switch (words[0], words.count) {
            case ("counts", 4):
                guard let restarts = UInt64(words[1]), let upgrades = UInt64(words[2]), let last = Int(words[3]) else { return nil }
                (restartCount, upgradeCount, lastNumber) = (restarts, upgrades, last)
            case ("process", 9):
                guard readProcess(words) else { return nil }
            case ("listen", 5...):
                let descriptors = words[3].split(separator: ",").compactMap { CInt($0) }
                guard let occurrence = Int(words[1]), !descriptors.isEmpty else { return nil }
                listeners.append(
                    Listeners(
                        address: words[4...].joined(separator: " "), occurrence: occurrence, isOfServiceManager: words[2] == "1", descriptors: descriptors))
            case (_, 2):
                guard let descriptor = CInt(words[1]), read(descriptor, as: words[0]) else { return nil }
            default: return nil
            }
        }
    }

    private mutating func read(_ descriptor: CInt, as word: Substring) -> Bool {
        switch word {
        case "asker": asker = descriptor
        case "requests": requests = descriptor
        case "pidfile": pidFile = descriptor
        default: return false
        }
        return true
    }

    private mutating func readProcess(_ words: [Substring]) -> Bool {
        guard let number = Int(words[1]), let role = ServingProcess.Role(rawValue: String(words[2])), let pid = pid_t(words[3]),
            let startedAt = UInt64(words[4])
        else { return false }
        let deadline = UInt64(words[5]).map { Instant(nanoseconds: $0) }
        var process = ServingProcess(number: number, role: role, startedAt: Instant(nanoseconds: startedAt), deadline: deadline)
        process.pid = pid
        process.isReady = true
        process.version = String(words[7])
        process.build = String(words[8])
        processes.append(process)
        if let channel = CInt(words[6]) { channels[number] = channel }
        return true
    }

    /// Every descriptor it names.
    var descriptors: [CInt] { channels.values + listeners.flatMap(\.descriptors) + [asker, requests, pidFile].compactMap { $0 } }
}

extension Supervision {
    /// What of the state outlives this binary: upgrades end with everything in order, so there is nothing else.
    func fill(_ inheritance: inout Inheritance) {
        inheritance.restartCount = restartCount
        inheritance.upgradeCount = upgradeCount
        inheritance.lastNumber = lastNumber
        inheritance.processes = processes
    }

    mutating func adopt(_ inheritance: Inheritance) {
        restartCount = inheritance.restartCount
        upgradeCount = inheritance.upgradeCount
        lastNumber = inheritance.lastNumber
        processes = inheritance.processes
        hasServed = true
    }
}
