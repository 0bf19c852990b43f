import Bytes
import Testing

@testable import Gateway

@Suite("Times in fields")
struct RetryAfterTests {
    private func seconds(_ date: String) -> UInt64? { Array(date.utf8).withByteSlice { HTTPDate.seconds($0) } }

    @Test("dates are seconds since 1970", arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
        ("Thu, 26 Nov 2026 00:00:00 GMT", 1_795_651_200), ("Fri, 31 Dec 9999 23:59:60 GMT", 253_402_300_800),
    ] as [(String, UInt64)])
    func dates(date: String, wanted: UInt64) { #expect(seconds(date) == wanted) }

    @Test("what is no date is none", arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08-49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
    ])
    func noDates(date: String) { #expect(seconds(date) == nil) }

    @Test("durations are read as OpenAI writes them", arguments: [
        ("1s", 1_000_000_000), ("20ms", 20_000_000), ("6m0s", 360_000_000_000), ("1h30m", 5_400_000_000_000), ("1.5s", 1_500_000_000), ("0s", 0),
        ("24h", 86_400_000_000_000),
    ] as [(String, UInt64)])
    func durations(text: String, wanted: UInt64) { #expect(Array(text.utf8).withByteSlice { QuotaFields.duration($0) } == wanted) }

    @Test("what is no duration, or longer than a day, is none", arguments: [
        "", "1", "s", "1x", "1.2.3s", "-1s", "25h", "1e400s", "99999999999999999999999s", "1 s",
    ])
    func noDurations(text: String) { #expect(Array(text.utf8).withByteSlice { QuotaFields.duration($0) } == nil) }
}
