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
                day >= 1, day <= CivilDate.dayCount(year: Int(year), month: Int(month))
            else { return nil }
            let midnight = CivilDate.daysSince1970(year: year, month: month, day: day) * 86_400
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
}
