import Bytes

/// The name of a segment: when it was begun, by whom, and the how many-th of its process it is.
///
///     20261126-231524-4f2a9c01-000003.journal
///
/// Names sort by time. While its process writes it, a segment ends in `.open`.
public struct SegmentName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970 (UTC): all of its records were written on that one.
    public let day: Int
    public let secondOfDay: Int
    /// Tells the process from others that write beside it.
    public let process: UInt32
    public let sequence: Int

    static let openSuffix = ".open"
    static let sealedSuffix = ".journal"
    static let draftSuffix = ".new"
    /// What was cut off the end of one.
    static let tornSuffix = ".torn"
    static let largestSequence = 999_999

    init(wallNanoseconds: UInt64, process: UInt32, sequence: Int) {
        let seconds = Int(clamping: wallNanoseconds / 1_000_000_000)
        day = seconds / 86_400
        secondOfDay = seconds % 86_400
        self.process = process
        self.sequence = sequence % (SegmentName.largestSequence + 1)
    }

    /// Reads a name without its suffix; nil for what is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].utf8.count == 8, parts[1].utf8.count == 6, parts[2].utf8.count == 8, parts[3].utf8.count == 6 else { return nil }
        guard parts.allSatisfy({ $0.utf8.allSatisfy { ASCII.hexValue($0) != nil && $0 == ASCII.lowercased($0) } }), let date = Int(parts[0]),
            let time = Int(parts[1]), let process = UInt32(parts[2], radix: 16), let sequence = Int(parts[3])
        else { return nil }
        let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100)
        guard year >= 1970, (1...12).contains(month), day >= 1, day <= CivilDate.dayCount(year: year, month: month) else { return nil }
        guard time / 10_000 < 24, time / 100 % 100 < 60, time % 100 < 60 else { return nil }
        self.day = Int(CivilDate.daysSince1970(year: Int64(year), month: Int64(month), day: Int64(day)))
        secondOfDay = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100
        self.process = process
        self.sequence = sequence
    }

    public var description: String {
        let date = CivilDate(daysSince1970: day)
        let time = secondOfDay / 3600 * 10_000 + secondOfDay / 60 % 60 * 100 + secondOfDay % 60
        let id = SegmentName.padded(String(process, radix: 16), 8)
        return SegmentName.padded("\(date.year * 10_000 + date.month * 100 + date.day)", 8) + "-" + SegmentName.padded("\(time)", 6) + "-\(id)-"
            + SegmentName.padded("\(sequence)", 6)
    }

    private static func padded(_ text: String, _ count: Int) -> String { String(repeating: "0", count: max(0, count - text.utf8.count)) + text }

    public static func < (left: SegmentName, right: SegmentName) -> Bool {
        (left.day, left.secondOfDay, left.process, left.sequence) < (right.day, right.secondOfDay, right.process, right.sequence)
    }
}
