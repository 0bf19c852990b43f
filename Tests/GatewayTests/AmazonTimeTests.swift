import Bytes
import Testing

@testable import Gateway

@Suite("Amazon's times")
struct AmazonTimeTests {
    @Test("a moment is written in ISO 8601's basic format, leap days and ends of years included", arguments: [
        (0, "19700101T000000Z"), (1_440_938_160, "20150830T123600Z"), (1_709_164_799, "20240228T235959Z"), (1_709_164_800, "20240229T000000Z"),
        (1_735_689_599, "20241231T235959Z"), (1_735_689_600, "20250101T000000Z"), (4_107_542_399, "21000228T235959Z"), (4_107_542_400, "21000301T000000Z"),
    ] as [(UInt64, String)])
    func moments(seconds: UInt64, expected: String) {
        #expect(AmazonTime(wallSeconds: seconds).text.withBytes { String($0) } == expected)
    }
}
