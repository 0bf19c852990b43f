import Bytes

/// A moment as AWS's signatures have it: `20150830T123600Z` (ISO 8601, basic format).
struct AmazonTime {
    private(set) var text = InlineText<16>()

    init(wallSeconds: UInt64) {
        let date = CivilDate(daysSince1970: Int(clamping: wallSeconds / 86_400))
        let second = Int(wallSeconds % 86_400)
        text.replace { writer in
            AmazonTime.append(date.year / 100, to: &writer)
            AmazonTime.append(date.year % 100, to: &writer)
            AmazonTime.append(date.month, to: &writer)
            AmazonTime.append(date.day, to: &writer)
            writer.append("T")
            AmazonTime.append(second / 3600, to: &writer)
            AmazonTime.append(second / 60 % 60, to: &writer)
            AmazonTime.append(second % 60, to: &writer)
            writer.append("Z")
        }
    }

    private static func append(_ number: Int, to writer: inout ByteWriter) {
        writer.append(UInt8(truncatingIfNeeded: 0x30 + number / 10 % 10))
        writer.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }
}
