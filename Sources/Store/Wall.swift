import Foundation

/// Wall-clock time as milliseconds since 1970, UTC.
enum Wall {
    /// The last millisecond of the year 9999: later times are somebody's mistake.
    static let latest: Int64 = 253_402_300_799_999

    static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// `2026-11-26T15:04:05.678Z`
    static func text(_ milliseconds: Int64) -> String {
        let clamped = min(max(milliseconds, 0), latest)
        return Date(timeIntervalSince1970: Double(clamped) / 1000).formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z"
    }
}
