import Bytes
import Policy

/// The attempts of one request in order, for its record and for `x-sluice-decision`.
struct Trail: BitwiseCopyable {
    /// Microseconds from the request's first byte on.
    struct Times: BitwiseCopyable {
        var begun: UInt32 = 0
        /// When the first of its answer came; 0 where nothing did.
        var firstByte: UInt32 = 0
        /// When it was known what came of it; of the answer that was passed on, when that was over.
        var over: UInt32 = 0
        /// For how long it waited for a connection.
        var queued: UInt32 = 0

        var milliseconds: UInt64 { UInt64(over - min(over, begun)) / 1000 }
    }

    private struct Entry: BitwiseCopyable {
        var target: UInt16 = 0
        /// Which of the target's keys.
        var key: UInt8 = 0
        /// 0 where nothing was answered.
        var status: UInt16 = 0
        var times = Times()
        var reason = PickReason.only
        var end = End.answered
        var isRepeat = false
        /// What it took although nobody got its answer; negative where nothing is known of that, or of its cost.
        var lostInput: Int64 = -1
        var lostOutput: Int64 = 0
        var lostNanodollars: Int64 = -1
    }

    enum End: UInt8 {
        case answered, unreachable, timedOut, unfit, hedged
        /// Nobody waited for it any more: its client had left, or the request's time was up.
        case givenUp

        var text: StaticString {
            switch self {
            case .answered: ""
            case .unreachable: "unreachable"
            case .timedOut: "timeout"
            case .unfit: "unfit"
            case .hedged: "hedge_lost"
            case .givenUp: "given_up"
            }
        }
    }

    private static let capacity = 8
    private var entries = InlineArray<8, Entry>(repeating: Entry())
    /// Attempts, those past the table's end too.
    private(set) var count = 0
    /// The place of the attempt of which something was noted last.
    private var latest = 0

    mutating func removeAll() { count = 0 }

    /// Puts an attempt at the end, or its later outcome in its place.
    ///
    /// - Parameter index: what an earlier call for the same attempt returned; negative for the first.
    /// - Returns: the attempt's place.
    mutating func note(
        at index: Int, target: Int, key: Int, outcome: Outcome, reason: PickReason, isRepeat: Bool, times: Times
    ) -> Int {
        var entry = Entry(target: UInt16(clamping: target), key: UInt8(clamping: key), times: times, reason: reason, isRepeat: isRepeat)
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
        latest = index
        return index
    }

    /// An attempt that ends without an outcome of its own.
    ///
    /// - Returns: the attempt's place.
    mutating func add(_ end: End, target: Int, key: Int, reason: PickReason, isRepeat: Bool, times: Times) -> Int {
        add(Entry(target: UInt16(clamping: target), key: UInt8(clamping: key), times: times, reason: reason, end: end, isRepeat: isRepeat))
        return count - 1
    }

    /// The answer that was passed on is over.
    mutating func end(at microseconds: UInt32) {
        guard latest < min(count, Trail.capacity), entries[latest].end == .answered, entries[latest].lostInput < 0 else { return }
        entries[latest].times.over = microseconds
    }

    /// What an attempt took although nobody got its answer.
    mutating func charge(at index: Int, _ inputTokens: Int64, _ outputTokens: Int64, _ nanodollars: Int64?) {
        guard (0..<min(count, Trail.capacity)).contains(index) else { return }
        entries[index].lostInput = inputTokens
        entries[index].lostOutput = outputTokens
        entries[index].lostNanodollars = nanodollars ?? -1
    }

    /// What attempts took is told in another request's record.
    mutating func forgetCharges() {
        for index in 0..<min(count, Trail.capacity) { entries[index].lostInput = -1 }
    }

    private mutating func add(_ entry: Entry) {
        if count < Trail.capacity { entries[count] = entry }
        latest = count
        count += 1
    }

    /// What attempts have taken until then, in microseconds. Changes nothing; it is mutating so that the trail is not copied to be asked.
    mutating func taken(until then: UInt32) -> UInt64 {
        var sum: UInt64 = 0
        for index in 0..<min(count, Trail.capacity) {
            let over = min(then, entries[index].times.over)
            sum += UInt64(over - min(over, entries[index].times.begun))
        }
        return sum
    }

    /// Of the one attempt there was: its times, where it had this answer, of this target and key; else nil. Mutating as above.
    mutating func only(target: Int, key: Int, status: UInt16) -> Times? {
        let entry = entries[0]
        guard count == 1, entry.end == .answered, entry.status == status, !entry.isRepeat, entry.lostInput < 0 else { return nil }
        return Int(entry.target) == target && Int(entry.key) == key ? entry.times : nil
    }

    /// `[{"target":"config.targets[0]","key":"openai-prod","status":503,"ms":120,"why":"first","begun_us":41,"first_byte_us":120055,"over_us":120055},…]`
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
            writer.append(decimal: entry.times.milliseconds)
            writer.append(",\"why\":\"")
            writer.append(entry.isRepeat ? "retry" : entry.reason.text)
            writer.append("\"")
            write(entry.times, to: &writer)
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

    private func write(_ times: Times, to writer: inout ByteWriter) {
        writer.append(",\"begun_us\":")
        writer.append(decimal: UInt64(times.begun))
        if times.queued > 0 {
            writer.append(",\"queue_us\":")
            writer.append(decimal: UInt64(times.queued))
        }
        if times.firstByte > 0 {
            writer.append(",\"first_byte_us\":")
            writer.append(decimal: UInt64(times.firstByte))
        }
        writer.append(",\"over_us\":")
        writer.append(decimal: UInt64(times.over))
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
            writer.append(decimal: entry.times.milliseconds)
            writer.append("ms;")
            writer.append(entry.isRepeat ? "retry" : entry.reason.text)
        }
    }

    private func writePath(_ entry: Entry, _ program: Program, to writer: inout ByteWriter) {
        guard Int(entry.target) < program.targets.count else { return }
        writer.append(program.bytes(program.targets[Int(entry.target)].path))
    }
}
