import Analytics
import JSON
import Store
import Synchronization

/// Records as they come: `/logs/tail`.
enum LogTail {
    static let routes = [
        Route(
            .get, "/logs/tail", .oneOf(["logs.list", "logs.view", "logs.read"]), "Gives requests as they are recorded: server-sent events, until its client leaves.",
            query: RowFilters.choices, streams: ["text/event-stream"]
        ) { (console, call) throws(ConsoleError) in try console.tail(call) }
    ]

    private struct State {
        var end: RowEnd
        var hasBegun = false
        /// When its caller is looked at again, and the client told that there is nothing.
        var nextCheck: Int64
    }

    fileprivate static func stream(_ console: Console, _ call: Call, _ query: RowQuery, _ end: RowEnd, _ books: DayBooks) -> ConsoleStream {
        let state = Mutex(State(end: end, nextCheck: call.now + ConsoleLimits.tailCheckMilliseconds))
        return ConsoleStream(.events) { now in
            state.withLock { state in
                if !state.hasBegun {
                    state.hasBegun = true
                    return .bytes(Array(": requests from now on\n\n".utf8))
                }
                let isTime = now >= state.nextCheck
                if isTime {
                    state.nextCheck = now + ConsoleLimits.tailCheckMilliseconds
                    guard console.stillMay(call, at: now) else { return .end }
                }
                guard let found = try? books.rows(behind: &state.end, query, most: ConsoleLimits.exportRowCount) else { return .failed }
                if found.records.isEmpty { return isTime ? .bytes(Array(":\n\n".utf8)) : .nothing }
                return .bytes(found.records.flatMap { Array("event: log\ndata: ".utf8) + Logs.row($0).json + Array("\n\n".utf8) })
            }
        }
    }
}

extension Console {
    fileprivate func tail(_ call: Call) throws(ConsoleError) -> ConsoleStream {
        let query = try RowFilters.rows(self, from: 0, to: .max, call.query, call.caller)
        let end = try rows { (books) throws(AnalyticsError) in try books.end() }
        return LogTail.stream(self, call, query, end, try openBooks())
    }
}
