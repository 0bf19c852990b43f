/// Dates as the API reads and writes them, in milliseconds since 1970.
/// - Source: RFC 3339, and dates alone
public enum Timestamp {
    /// The last millisecond of the year 9999.
    public static let latest: Int64 = 253_402_300_799_999

    public static let allowed = "a date as 2027-01-31T12:00:00Z, with \"Z\" or an offset as +01:00, or 2027-01-31 for its first moment in UTC"

    /// `2026-11-26T15:04:05.678Z`
    public static func text(_ milliseconds: Int64) -> String {
        let clamped = min(max(milliseconds, 0), latest)
        let date = CivilDate(daysSince1970: Int(clamped / 86_400_000))
        let inDay = clamped % 86_400_000
        func digits(_ number: Int64, _ count: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let day = "\(digits(Int64(date.year), 4))-\(digits(Int64(date.month), 2))-\(digits(Int64(date.day), 2))"
        let time = "\(digits(inDay / 3_600_000, 2)):\(digits(inDay / 60_000 % 60, 2)):\(digits(inDay / 1000 % 60, 2))"
        return "\(day)T\(time).\(digits(inDay % 1000, 3))Z"
    }

    /// Nil for what is no date, names no time zone, or is before 1970 or after 9999.
    public static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return bytes.withByteSlice { bytes in
            guard (10...40).contains(bytes.count), bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), let year = bytes[0..<4].decimal,
                let month = bytes[5..<7].decimal, let day = bytes[8..<10].decimal, year >= 1970, (1...12).contains(month), day >= 1,
                day <= CivilDate.dayCount(year: Int(year), month: Int(month))
            else { return nil }
            let midnight = CivilDate.daysSince1970(year: year, month: month, day: day) * 86_400_000
            guard bytes.count > 10 else { return midnight }
            guard bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == 0x20, let inDay = timeOfDay(bytes.dropFirst(11)) else { return nil }
            let moment = midnight + inDay
            return (0...latest).contains(moment) ? moment : nil
        }
    }

    /// `12:00`, with seconds and a fraction where they are given, and a zone: milliseconds after midnight UTC, which may be negative.
    private static func timeOfDay(_ text: ByteSlice) -> Int64? {
        guard text.count >= 6, text[2] == UInt8(ascii: ":"), let hour = text[0..<2].decimal, let minute = text[3..<5].decimal, hour < 24, minute < 60
        else { return nil }
        var milliseconds = hour * 3_600_000 + minute * 60_000
        var rest = text.dropFirst(5)
        if rest[0] == UInt8(ascii: ":") {
            guard rest.count >= 3, let second = rest[1..<3].decimal, second < 60 else { return nil }
            milliseconds += second * 1000
            rest = rest.dropFirst(3)
            if !rest.isEmpty, rest[0] == UInt8(ascii: ".") {
                var end = 1
                while end < rest.count, ASCII.isDigit(rest[end]) { end += 1 }
                guard end > 1 else { return nil }
                for (index, scale) in [Int64(100), 10, 1].enumerated() where index + 1 < end { milliseconds += Int64(rest[index + 1] - 0x30) * scale }
                rest = rest.dropFirst(end)
            }
        }
        return offset(rest).map { milliseconds - $0 }
    }

    private static func offset(_ zone: ByteSlice) -> Int64? {
        if zone.count == 1, zone[0] | 0x20 == UInt8(ascii: "z") { return 0 }
        guard zone.count == 5 || (zone.count == 6 && zone[3] == UInt8(ascii: ":")), let hours = zone[1..<3].decimal,
            let minutes = zone[(zone.count - 2)..<zone.count].decimal, hours < 24, minutes < 60
        else { return nil }
        let amount = hours * 3_600_000 + minutes * 60_000
        switch zone[0] {
        case UInt8(ascii: "+"): return amount
        case UInt8(ascii: "-"): return -amount
        default: return nil
        }
    }
}
