import Glibc
import Testing

@testable import Supervisor

@Suite("Supervision: watchdog")
struct WatchdogTests {
    @Test("the service manager hears twice in its interval, as long as the workers turn")
    func heard() {
        var stage = Stage.serving(watchdogNanoseconds: 10_000_000_000)
        #expect(stage.due == 5000)
        let first = stage.pass(milliseconds: 5000)
        #expect(first.notices == [.watchdog])
        #expect(first.hasOrder(.check(1), to: 1))
        stage.feed(.said(1, .alive(1)))
        #expect(stage.pass(milliseconds: 5000).notices == [.watchdog])
    }

    @Test("of workers that do not turn it hears nothing, until they do")
    func silent() {
        var stage = Stage.serving(watchdogNanoseconds: 10_000_000_000)
        stage.pass(milliseconds: 5000)
        #expect(stage.pass(milliseconds: 5000).notices.isEmpty)
        // An answer to another question is none.
        stage.feed(.said(1, .alive(7)))
        #expect(stage.pass(milliseconds: 5000).notices.isEmpty)
        stage.feed(.said(1, .alive(1)))
        #expect(stage.pass(milliseconds: 5000).notices == [.watchdog])
    }

    @Test("a restart is not a hang")
    func restart() {
        var stage = Stage.serving(watchdogNanoseconds: 10_000_000_000)
        stage.pass(milliseconds: 5000)
        stage.feed(.ended(pid: 101, .killed(signal: SIGKILL)))
        #expect(stage.pass(milliseconds: 5000).notices == [.watchdog])
    }

    @Test("nobody is asked without a watchdog")
    func none() {
        var stage = Stage.serving()
        #expect(stage.due == nil)
        #expect(stage.pass(milliseconds: 1_000_000).isEmpty)
    }
}
