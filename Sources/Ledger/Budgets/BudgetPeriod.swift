import Bytes

/// How often a budget begins anew. All days are UTC's.
public enum BudgetPeriod: BitwiseCopyable, Hashable, Sendable {
    public enum Weekday: UInt8, BitwiseCopyable, Hashable, Sendable {
        case monday
        case sunday
    }

    /// Never.
    case once
    case daily
    case weekly(startingOn: Weekday)
    /// On the first of each month.
    case monthly
    /// Every so many days from a day on, counted in days since 1970; before that day as well.
    case everyDays(Int32, from: Int32)

    /// The days that belong together with `day`.
    public func window(onDay day: Int) -> BudgetWindow {
        let day = BudgetWindow.clamped(day)
        switch self {
        case .once: return BudgetWindow(startDay: 0, endDay: nil)
        case .daily: return BudgetWindow(startDay: day, endDay: day + 1)
        case .weekly(let weekday):
            // 1970 began on a Thursday.
            let start = day - (day + (weekday == .monday ? 3 : 4)) % 7
            return BudgetWindow(startDay: max(0, start), endDay: start + 7)
        case .monthly:
            let date = CivilDate(daysSince1970: day)
            return BudgetWindow(startDay: day - (date.day - 1), endDay: day - (date.day - 1) + date.dayCountOfMonth)
        case .everyDays(let count, let anchor):
            let count = max(1, Int(count))
            let past = (day - Int(anchor)) % count
            let start = day - (past < 0 ? past + count : past)
            return BudgetWindow(startDay: max(0, start), endDay: start + count)
        }
    }
}

/// The windows of one day, as one thread asks for them: that of a month, which takes a hundred instructions to find, is found once a day.
struct BudgetCalendar {
    private var day = -1
    private var month = BudgetWindow(startDay: 0, endDay: nil)

    /// - Parameter day: within what can be told apart.
    mutating func window(_ period: BudgetPeriod, onDay day: Int) -> BudgetWindow {
        guard case .monthly = period else { return period.window(onDay: day) }
        if day != self.day {
            month = period.window(onDay: day)
            self.day = day
        }
        return month
    }
}

/// The days, since 1970 and in UTC, of which a budget's spend is added up.
public struct BudgetWindow: BitwiseCopyable, Hashable, Sendable {
    /// The last day that can be told apart, in 2149; what is later counts as this.
    static let lastDay = 65_534

    public let startDay: Int
    /// The first day of the next; nil when there is none.
    public let endDay: Int?

    /// When it is over, in wall-clock seconds since 1970; nil for never.
    public var endsAt: Int64? { endDay.map { Int64($0) * 86_400 } }

    static func clamped(_ day: Int) -> Int { min(max(0, day), lastDay) }

    /// The day of a time, within what can be told apart.
    static func day(wallNanoseconds: UInt64) -> Int { min(Int(wallNanoseconds / 86_400_000_000_000), lastDay) }
}
