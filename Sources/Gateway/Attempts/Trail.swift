import Bytes
import Policy

/// The attempts of one request in order, for its record and for `x-sluice-decision`.
struct Trail: BitwiseCopyable {
    private struct Entry: BitwiseCopyable {
        var target: UInt16 = 0
        /// Which of the target's keys.
        var key: UInt8 = 0
        /// 0 where nothing was answered.
        var status: UInt16 = 0
        var milliseconds: UInt32 = 0
        var reason = PickReason.only
        var end = End.answered
        var isRepeat = false
        /// What it took although nobody got its answer; negative where nothing is known of that, or of its cost.
        var lostInput: Int64 = -1
        var lostOutput: Int64 = 0
        var lostNanodollars: Int64 = -1
    }

    private enum End: UInt8 {
        case answered, unreachable, timedOut, unfit, hedged

        var text: StaticString {
            switch self {
            case .answered: ""
            case .unreachable: "unreachable"
            case .timedOut: "timeout"
            case .unfit: "unfit"
            case .hedged: "hedge_lost"
            }
        }
    }

    private static let capacity = 8
    private var entries = InlineArray<8, Entry>(repeating: Entry())
    /// Attempts, those past the table's end too.
    private(set) var count = 0

    mutating func removeAll() { count = 0 }

    /// Puts an attempt at the end, or its later outcome in its place.
    ///
    /// - Parameter index: what an earlier call for the same attempt returned; negative for the first.
    /// - Returns: the attempt's place.
    mutating func note(
        at index: Int, target: Int, key: Int, outcome: Outcome, reason: PickReason, isRepeat: Bool, nanoseconds: UInt64
    ) -> Int {
        var entry = Entry(target: UInt16(clamping: target), key: UInt8(clamping: key), reason: reason, isRepeat: isRepeat)
        entry.milliseconds = UInt32(clamping: nanoseconds / 1_000_000)
        switch outcome {
        case .status(let status): entry.status = UInt16(clamping: status)
        case .unreachable: entry.end = .unreachable
        case .unfit: entry.end = .unfit
        case .timedOut: entry.end = .timedOut
        }
        guard index >= 0 else {
            add(entry)
            return count - 1
        }
        if index < Trail.capacity { entries[index] = entry }
        return index
    }

    /// A second attempt whose answer was not the first.
    ///
    /// - Returns: the attempt's place.
    mutating func addLost(target: Int, key: Int, reason: PickReason, nanoseconds: UInt64) -> Int {
        let milliseconds = UInt32(clamping: nanoseconds / 1_000_000)
        add(Entry(target: UInt16(clamping: target), key: UInt8(clamping: key), milliseconds: milliseconds, reason: reason, end: .hedged))
        return count - 1
    }

    /// What an attempt took although nobody got its answer.
    mutating func charge(at index: Int, _ inputTokens: Int64, _ outputTokens: Int64, _ nanodollars: Int64?) {
        guard (0..<min(count, Trail.capacity)).contains(index) else { return }
        entries[index].lostInput = inputTokens
        entries[index].lostOutput = outputTokens
        entries[index].lostNanodollars = nanodollars ?? -1
    }

    private mutating func add(_ entry: Entry) {
        if count < Trail.capacity { entries[count] = entry }
        count += 1
    }

    /// What the attempts but the last have taken.
    var millisecondsBeforeLast: UInt64 {
        var sum: UInt64 = 0
        for index in 0..<max(0, min(count, Trail.capacity) - 1) { sum += UInt64(entries[index].milliseconds) }
        return sum
    }

    /// `[{"target":"config.targets[0]","key":"openai-prod","status":503,"ms":120,"why":"first"},…]`
    ///
    /// - Parameter slug: lends what the key of a target is called, by both their places; for those that have names.
    func writeJSON(_ program: Program, slug: (Int, Int) -> OwnedBytes?, to writer: inout ByteWriter) {
        writer.append("[")
        for index in 0..<min(count, Trail.capacity) {
            let entry = entries[index]
            writer.append(index == 0 ? "{\"target\":\"" : ",{\"target\":\"")
            writePath(entry, program, to: &writer)
            if let slug = slug(Int(entry.target), Int(entry.key)), Trail.isPlain(slug.slice) {
                writer.append("\",\"key\":\"")
                writer.append(slug.slice)
            }
            if entry.end == .answered {
                writer.append("\",\"status\":")
                writer.append(decimal: UInt64(entry.status))
            } else {
                writer.append("\",\"end\":\"")
                writer.append(entry.end.text)
                writer.append("\"")
            }
            writer.append(",\"ms\":")
            writer.append(decimal: UInt64(entry.milliseconds))
            writer.append(",\"why\":\"")
            writer.append(entry.isRepeat ? "retry" : entry.reason.text)
            writer.append("\"")
            writeLost(entry, to: &writer)
            writer.append("}")
        }
        writer.append("]")
    }

    /// Whether a text is the same within quotes.
    private static func isPlain(_ text: ByteSlice) -> Bool {
        for index in 0..<text.count where text[index] < 0x20 || text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "\\") { return false }
        return true
    }

    private func writeLost(_ entry: Entry, to writer: inout ByteWriter) {
        guard entry.lostInput >= 0 else { return }
        writer.append(",\"tokens_in\":")
        writer.append(decimal: UInt64(clamping: entry.lostInput))
        writer.append(",\"tokens_out\":")
        writer.append(decimal: UInt64(clamping: entry.lostOutput))
        guard entry.lostNanodollars >= 0 else { return }
        writer.append(",\"cost_nanodollars\":")
        writer.append(decimal: UInt64(clamping: entry.lostNanodollars))
    }

    /// `config.targets[0];503;120ms;first, config.targets[1];200;9ms;fallback`
    func writeField(_ program: Program, to writer: inout ByteWriter) {
        for index in 0..<min(count, Trail.capacity) {
            let entry = entries[index]
            if index > 0 { writer.append(", ") }
            writePath(entry, program, to: &writer)
            writer.append(";")
            if entry.end == .answered { writer.append(decimal: UInt64(entry.status)) } else { writer.append(entry.end.text) }
            writer.append(";")
            writer.append(decimal: UInt64(entry.milliseconds))
            writer.append("ms;")
            writer.append(entry.isRepeat ? "retry" : entry.reason.text)
        }
    }

    private func writePath(_ entry: Entry, _ program: Program, to writer: inout ByteWriter) {
        guard Int(entry.target) < program.targets.count else { return }
        writer.append(program.bytes(program.targets[Int(entry.target)].path))
    }
}
