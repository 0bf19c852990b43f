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

    @Test("without a watchdog they are asked all the same, and a process that does not answer for a minute is ended, and has a successor")
    func hang() {
        var stage = Stage.serving()
        #expect(stage.due == 10_000)
        let first = stage.pass(milliseconds: 10_000)
        #expect(first.notices.isEmpty && first.hasOrder(.check(1), to: 1))
        stage.feed(.said(1, .alive(1)))
        #expect(stage.pass(milliseconds: 10_000).hasOrder(.check(2), to: 1))
        #expect(stage.pass(milliseconds: 59_999).killed.isEmpty)
        #expect(stage.pass(milliseconds: 10_000).killed == [1])
        #expect(stage.pass(milliseconds: 10_000).killed.isEmpty, "once is enough")
        let ended = stage.feed(.ended(pid: 101, .killed(signal: SIGKILL)))
        #expect(ended.spawned == [.running])
        #expect(ended.lines.first?.contains("had a worker that did not turn for 60 s") == true)
    }

    @Test("who is to wait for ever does, and asks nobody without a watchdog")
    func patient() {
        var stage = Stage.serving(hangNanoseconds: nil)
        #expect(stage.due == nil)
        #expect(stage.pass(milliseconds: 1_000_000).isEmpty)
    }

    @Test("a short time-out is asked for twice within it")
    func short() {
        var stage = Stage.serving(hangNanoseconds: 1_000_000_000)
        #expect(stage.due == 500)
        stage.pass(milliseconds: 500)
        #expect(stage.pass(milliseconds: 500).killed.isEmpty)
        #expect(stage.pass(milliseconds: 500).killed == [1])
    }
}
