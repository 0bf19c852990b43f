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
            lines.append("listen \(group.occurrence) \(descriptors) \(group.address)")
        }
        if let asker { lines.append("asker \(asker)") }
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
            case ("listen", 4...):
                let descriptors = words[2].split(separator: ",").compactMap { CInt($0) }
                guard let occurrence = Int(words[1]), !descriptors.isEmpty else { return nil }
                listeners.append(Listeners(address: words[3...].joined(separator: " "), occurrence: occurrence, descriptors: descriptors))
            case ("asker", 2):
                guard let descriptor = CInt(words[1]) else { return nil }
                asker = descriptor
            default: return nil
            }
        }
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
    var descriptors: [CInt] { channels.values + listeners.flatMap(\.descriptors) + [asker].compactMap { $0 } }
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
