import Bytes

/// Dates as the file writes them: `2027-01-31`, its first second, or `2027-01-31T12:00:00Z`.
/// - Source: RFC 3339, UTC only
enum UTCTime {
    /// Seconds since 1970; nil for what is no date.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return bytes.withByteSlice { bytes in
            guard bytes.count == 10 || bytes.count == 20 else { return nil }
            guard let year = number(bytes, 0, 4), let month = number(bytes, 5, 2), let day = number(bytes, 8, 2),
                bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), year >= 1970, (1...12).contains(month),
                day >= 1, day <= dayCount(year, month)
            else { return nil }
            let midnight = days(year, month, day) * 86_400
            guard bytes.count == 20 else { return midnight }
            guard let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2), let second = number(bytes, 17, 2),
                bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
                bytes[19] == UInt8(ascii: "Z"),
                hour < 24, minute < 60, second < 60
            else { return nil }
            return midnight + hour * 3600 + minute * 60 + second
        }
    }

    private static func number(_ bytes: ByteSlice, _ start: Int, _ count: Int) -> Int64? { bytes[start..<start + count].decimal }

    private static func dayCount(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01, counting years from March so that the leap day comes last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
