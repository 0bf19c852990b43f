/// A day of the Gregorian calendar.
/// - Source: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days and days_from_civil
public struct CivilDate: BitwiseCopyable, Sendable, Equatable {
    public let year: Int
    /// From 1 on.
    public let month: Int
    public let day: Int

    /// - Parameter daysSince1970: not negative.
    public init(daysSince1970: Int) {
        // Years begin in March and eras of 400 years on 0000-03-01, so that leap days come last.
        let days = daysSince1970 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    /// The other way; years that are not negative, months and days from 1.
    public static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Days of the month, from 28 to 31.
    public var dayCountOfMonth: Int { CivilDate.dayCount(year: year, month: month) }

    public static func dayCount(year: Int, month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
