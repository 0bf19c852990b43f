import Bytes

/// Dates as fields carry them: `Sun, 06 Nov 1994 08:49:37 GMT`.
/// - Source: RFC 9110 §5.6.7, IMF-fixdate; the two forms before 1995 are not read
enum HTTPDate {
    /// Seconds since 1970; nil when `text` is no such date.
    static func seconds(_ text: ByteSlice) -> UInt64? {
        guard text.count == 29, text[25..<29] == " GMT", text[3..<5] == ", ", text[7] == 0x20, text[11] == 0x20, text[16] == 0x20 else { return nil }
        guard text[19] == UInt8(ascii: ":"), text[22] == UInt8(ascii: ":") else { return nil }
        guard let day = text[5..<7].decimal, let year = text[12..<16].decimal, let month = month(text[8..<11]) else { return nil }
        guard let hour = text[17..<19].decimal, let minute = text[20..<22].decimal, let second = text[23..<25].decimal else { return nil }
        guard (1...31).contains(day), year >= 1970, hour < 24, minute < 60, second < 61 else { return nil }
        let days = CivilDate.daysSince1970(year: year, month: month, day: day)
        return UInt64(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    private static func month(_ text: ByteSlice) -> Int64? {
        let names: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        for month in 0..<12 where text == ByteSlice(names)[month * 3..<month * 3 + 3] { return Int64(month) + 1 }
        return nil
    }
}
