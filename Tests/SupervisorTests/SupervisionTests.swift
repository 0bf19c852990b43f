import Glibc
import Testing

@testable import Supervisor

@Suite("Supervision: starts and restarts")
struct RestartTests {
    @Test("the running binary is started, for as long as it takes, and the service manager hears when it is ready")
    func start() {
        var stage = Stage()
        #expect(stage.feed(.begin).spawned == [.running])
        #expect(stage.due == nil)
        let actions = stage.feed(.said(1, .ready))
        #expect(actions.notices == [.ready, .status("serving")])
        #expect(actions.lines.isEmpty)
    }

    @Test("what never was ready is not started again: the supervisor ends as it did", arguments: [
        (Death.exited(1), CInt(1)), (.exited(64), 64), (.exited(0), 0), (.killed(signal: SIGSEGV), 139),
    ])
    func neverReady(death: Death, status: CInt) {
        var stage = Stage()
        stage.feed(.begin)
        let actions = stage.feed(.ended(pid: 101, death))
        #expect(actions.exitStatus == status)
        #expect(actions.spawned.isEmpty)
        // Its own words are enough, unless it had none.
        #expect(actions.lines.isEmpty == (death.exitStatus < 128))
    }

    @Test("a crash is told in one line, with signal, age, version, build and the count, and is answered at once")
    func crash() throws {
        var stage = Stage.serving()
        stage.pass(milliseconds: 3_000)
        let actions = stage.feed(.ended(pid: 101, .killed(signal: SIGSEGV)))
        #expect(actions.spawned == [.running])
        #expect(actions.lines == ["serving process 101 was killed by signal 11 (segmentation fault) after 3 s; version 1.0, build aa; restart 1 now"])
        #expect(stage.supervision.restartCount == 1)
        let ready = stage.feed(.said(2, .ready))
        #expect(ready.notices.first == .ready)
        #expect(ready.lines == ["serving process 102 is ready"])
    }

    @Test("an end without a reason is answered like a crash", arguments: [CInt(0), 1, 130])
    func unaskedEnd(status: CInt) {
        var stage = Stage.serving()
        let actions = stage.feed(.ended(pid: 101, .exited(status)))
        #expect(actions.spawned == [.running])
        #expect(actions.lines.first?.contains("ended with status \(status)") == true)
    }

    @Test("successors that die young wait longer each time, and are not started a moment early")
    func backOff() {
        var stage = Stage.serving()
        var pid: pid_t = 101
        for wait in [UInt64(0), 100, 200, 400, 800, 800] {
            let actions = stage.feed(.ended(pid: pid, .killed(signal: SIGKILL)))
            if wait > 0 {
                #expect(actions.spawned.isEmpty)
                #expect(stage.due == wait)
                #expect(stage.pass(milliseconds: wait - 1).spawned.isEmpty)
                #expect(stage.pass(milliseconds: 1).spawned == [.running])
            }
            pid += 1
            stage.feed(.said(stage.supervision.lastNumber, .ready))
        }
        #expect(stage.supervision.restartCount == 6)
        stage.pass(milliseconds: 60_000)
        #expect(stage.feed(.ended(pid: pid, .killed(signal: SIGKILL))).spawned == [.running], "it lived long enough")
    }

    @Test("a restart that is not ready in time is killed, and counts as dead")
    func lateRestart() {
        var stage = Stage.serving(hangNanoseconds: nil)
        stage.feed(.ended(pid: 101, .killed(signal: SIGABRT)))
        #expect(stage.due == 30_000)
        #expect(stage.pass(milliseconds: 29_999).killed.isEmpty)
        #expect(stage.pass(milliseconds: 1).killed == [2])
        let actions = stage.feed(.ended(pid: 102, .killed(signal: SIGKILL)))
        #expect(actions.lines.first?.contains("was killed since it was not ready within 30 s") == true)
        #expect(stage.due == 100)
    }

    @Test("a start that the kernel refuses ends the supervisor, and a restart that it refuses is tried again")
    func spawnFails() {
        var first = Supervision()
        _ = first.take(.begin, at: .now())
        #expect(first.take(.spawnFailed(1, reason: "no memory"), at: .now()).exitStatus == 1)

        var stage = Stage.serving()
        _ = stage.supervision.take(.ended(pid: 101, .killed(signal: SIGKILL)), at: stage.now)
        let actions = stage.supervision.take(.spawnFailed(2, reason: "no memory"), at: stage.now)
        #expect(actions.exitStatus == nil)
        #expect(actions.lines == ["a serving process could not be started: no memory"])
        #expect(stage.pass(milliseconds: 100).spawned == [.running])
    }

    @Test("SIGHUP has the serving process read its file, and ends the wait of one that is to start")
    func reload() {
        var stage = Stage.serving()
        #expect(stage.feed(.reload) == [.order(1, .reload)])
        stage.feed(.ended(pid: 101, .exited(1)))
        stage.feed(.ended(pid: 102, .exited(1)))
        #expect(stage.due == 100)
        #expect(stage.feed(.reload).spawned == [.running])
        #expect(stage.pass(milliseconds: 100).spawned.isEmpty)
    }

    @Test("SIGHUP before a process is ready is for then, and one of many")
    func reloadBeforeReady() {
        var stage = Stage()
        stage.feed(.begin)
        #expect(stage.feed(.reload).isEmpty && stage.feed(.reload).isEmpty)
        #expect(stage.feed(.said(1, .ready)).filter { $0 == .order(1, .reload) }.count == 1)
        stage.feed(.ended(pid: 101, .killed(signal: SIGSEGV)))
        #expect(!stage.feed(.said(2, .ready)).hasOrder(.reload, to: 2))
    }

    @Test("once a successor serves, what only the one before listened on is closed, and what an upgrade under way listens on is not")
    func addresses() {
        var stage = Stage.serving()
        stage.feed(.ended(pid: 101, .killed(signal: SIGSEGV)))
        stage.feed(.upgrade)
        #expect(stage.feed(.said(2, .ready)).contains(.keepListeners(of: [2, 3])))
    }

    @Test("a reload is told to the service manager, from its begin to its end")
    func reloadNotices() {
        var stage = Stage.serving()
        #expect(stage.feed(.said(1, .reloading)).notices == [.reloading])
        #expect(stage.feed(.said(1, .reloaded(isAdopted: false))).notices == [.ready])
    }

    @Test("words of processes that are gone, and ends of processes nobody knows, change nothing")
    func strangers() {
        var stage = Stage.serving(hangNanoseconds: nil)
        #expect(stage.feed(.ended(pid: 4711, .exited(1))).isEmpty)
        #expect(stage.feed(.said(9, .ready)).isEmpty)
        #expect(stage.feed(.said(1, .ready)).isEmpty)
        #expect(stage.feed(.said(1, .draining(milliseconds: 1))).isEmpty, "nobody asked it to")
        #expect(stage.due == nil)
    }
}

@Suite("Supervision: stopping")
struct StopTests {
    @Test("the first signal closes the listeners and has everybody finish, and the end of the last is the end")
    func stop() {
        var stage = Stage.serving()
        let actions = stage.feed(.stop(signal: SIGTERM))
        #expect(actions.contains(.closeListeners))
        #expect(actions.hasOrder(.stop, to: 1))
        #expect(actions.notices == [.stopping])
        #expect(actions.exitStatus == nil)
        #expect(stage.feed(.ended(pid: 101, .exited(0))).exitStatus == 0)
    }

    @Test("the second signal kills what is left and ends at once")
    func twice() {
        var stage = Stage.serving()
        stage.feed(.stop(signal: SIGINT))
        let actions = stage.feed(.stop(signal: SIGINT))
        #expect(actions.killed == [1])
        #expect(actions.exitStatus == 130)
    }

    @Test("a signal before the process is ready reaches it, and its end is a clean one")
    func beforeReady() {
        var stage = Stage()
        stage.feed(.begin)
        #expect(stage.feed(.stop(signal: SIGTERM)).hasOrder(.stop, to: 1))
        #expect(stage.feed(.said(1, .ready)).isEmpty)
        #expect(stage.feed(.ended(pid: 101, .exited(0))).exitStatus == 0)
    }

    @Test("a signal while nothing runs, between two restarts, ends at once")
    func inBackOff() {
        var stage = Stage.serving()
        stage.feed(.ended(pid: 101, .killed(signal: SIGKILL)))
        stage.feed(.ended(pid: 102, .killed(signal: SIGKILL)))
        #expect(stage.feed(.stop(signal: SIGTERM)).exitStatus == 0)
        #expect(stage.pass(milliseconds: 60_000).spawned.isEmpty)
    }

    @Test("who does not answer the order, or drains for longer than it said, is killed")
    func hangs() {
        var silent = Stage.serving()
        silent.feed(.stop(signal: SIGTERM))
        #expect(silent.pass(milliseconds: 9_999).killed.isEmpty)
        #expect(silent.pass(milliseconds: 1).killed == [1])
        #expect(silent.feed(.ended(pid: 101, .killed(signal: SIGKILL))).exitStatus == 1)

        var slow = Stage.serving()
        slow.feed(.stop(signal: SIGTERM))
        #expect(slow.feed(.said(1, .draining(milliseconds: 30_000))).notices == [.extend(milliseconds: 35_000)])
        #expect(slow.pass(milliseconds: 34_999).killed.isEmpty)
        #expect(slow.pass(milliseconds: 1).killed == [1])
    }

    @Test("a drain of any length is a length", arguments: [UInt64.max, 0])
    func drainLengths(milliseconds: UInt64) {
        var stage = Stage.serving()
        stage.feed(.stop(signal: SIGTERM))
        stage.feed(.said(1, .draining(milliseconds: milliseconds)))
        #expect(stage.pass(milliseconds: 4_999).killed.isEmpty)
    }

    @Test("a crash while stopping is told, not answered")
    func crash() {
        var stage = Stage.serving()
        stage.feed(.stop(signal: SIGTERM))
        let actions = stage.feed(.ended(pid: 101, .killed(signal: SIGSEGV)))
        #expect(actions.spawned.isEmpty)
        #expect(actions.exitStatus == 139)
        #expect(actions.lines.first?.contains("segmentation fault") == true)
    }

    @Test("stopping in an upgrade kills the process that is not ready, and tells who asked")
    func inUpgrade() {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        let actions = stage.feed(.stop(signal: SIGTERM))
        #expect(actions.killed == [2])
        #expect(actions.answers == [.failed("the service is stopping")])
        #expect(stage.feed(.ended(pid: 102, .killed(signal: SIGKILL))).exitStatus == nil)
        #expect(stage.feed(.ended(pid: 101, .exited(0))).exitStatus == 0)
    }

    @Test("processes of earlier upgrades are asked to stop, too")
    func drainingOnes() {
        var stage = Stage.serving()
        _ = stage.upgrade(to: 2)
        let actions = stage.feed(.stop(signal: SIGTERM))
        #expect(actions.hasOrder(.stop, to: 1) && actions.hasOrder(.stop, to: 2))
        #expect(stage.feed(.ended(pid: 102, .exited(0))).exitStatus == nil)
        #expect(stage.feed(.ended(pid: 101, .exited(0))).exitStatus == 0)
    }
}

@Suite("Supervision: upgrades")
struct UpgradeTests {
    @Test("the binary at the path is started beside the one that serves; once ready it takes over, and the supervisor becomes it")
    func upgrade() {
        var stage = Stage.serving()
        let asked = stage.feed(.upgrade)
        #expect(asked.spawned == [.replacement])
        #expect(asked.notices == [.reloading])
        stage.feed(.said(2, .hello(protocolVersion: ServingMessage.protocolVersion, version: "2.0", build: "bb")))
        let ready = stage.feed(.said(2, .ready))
        #expect(ready.hasOrder(.drain, to: 1))
        #expect(ready.contains(.keepListeners(of: [2])))
        #expect(ready.last == .becomeReplacement)
        #expect(ready.answers.isEmpty, "who asked hears it from the new one")
        #expect(ready.lines == ["upgraded: process 102 serves, version 2.0, build bb; process 101 finishes what it has"])
        let resumed = stage.feed(.resumed)
        #expect(resumed.answers == [.done("process 102 serves, version 2.0, build bb")])
        #expect(resumed.notices.first == .ready)
        #expect(stage.supervision.upgradeCount == 1)
    }

    @Test("the one before may drain for as long as it says, and its end is no crash")
    func drain() {
        var stage = Stage.serving()
        _ = stage.upgrade(to: 2)
        stage.feed(.said(1, .draining(milliseconds: 600_000)))
        #expect(stage.pass(milliseconds: 604_999).killed.isEmpty)
        let actions = stage.feed(.ended(pid: 101, .exited(0)))
        #expect(actions.lines == ["process 101 has finished what it had"])
        #expect(actions.spawned.isEmpty && actions.exitStatus == nil)
    }

    @Test("a crash of the one that drains is told, and starts nothing")
    func drainingCrash() {
        var stage = Stage.serving()
        _ = stage.upgrade(to: 2)
        let actions = stage.feed(.ended(pid: 101, .killed(signal: SIGBUS)))
        #expect(actions.spawned.isEmpty)
        #expect(actions.lines.first?.hasSuffix("it was draining") == true)
    }

    @Test("a new binary that ends before it is ready changes nothing, and who asked is told why", arguments: [
        (Death.exited(1), "it ended with status 1 before it was ready"),
        (.killed(signal: SIGILL), "it was killed by signal 4 (illegal instruction) before it was ready"),
    ])
    func failed(death: Death, reason: String) {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        let actions = stage.feed(.ended(pid: 102, death))
        #expect(actions.answers == [.failed(reason)])
        #expect(actions.notices == [.ready])
        #expect(actions.spawned.isEmpty && !actions.contains(.becomeReplacement))
        #expect(actions.lines.contains { $0.contains("the service goes on as it was") })
        #expect(stage.supervision.upgradeCount == 0 && stage.supervision.restartCount == 0)
    }

    @Test("a new binary that is not ready in time is killed, and that is why")
    func late() {
        var stage = Stage.serving(hangNanoseconds: nil)
        stage.feed(.upgrade)
        #expect(stage.due == 30_000)
        #expect(stage.pass(milliseconds: 30_000).killed == [2])
        // It says so too late.
        #expect(stage.feed(.said(2, .ready)).isEmpty)
        #expect(stage.feed(.ended(pid: 102, .killed(signal: SIGKILL))).answers == [.failed("it was not ready within 30 s")])
    }

    @Test("a new binary that cannot be started changes nothing")
    func missing() {
        var stage = Stage.serving()
        _ = stage.supervision.take(.upgrade, at: stage.now)
        let actions = stage.supervision.take(.spawnFailed(2, reason: "/new: no such file or directory"), at: stage.now)
        #expect(actions.answers == [.failed("it could not be started: /new: no such file or directory")])
        #expect(actions.exitStatus == nil)
    }

    @Test("a new binary that speaks another protocol is not taken")
    func otherProtocol() {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        #expect(stage.feed(.said(2, .hello(protocolVersion: 3, version: "9", build: "cc"))).killed == [2])
        let actions = stage.feed(.ended(pid: 102, .killed(signal: SIGKILL)))
        #expect(actions.answers == [.failed("it speaks protocol 3, not 2: stop the service and start it again")])
    }

    @Test("one upgrade at a time: a second is refused, and the first goes on")
    func oneAtATime() {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        let second = stage.feed(.upgrade)
        #expect(second.answers == [.failed("an upgrade is under way")])
        #expect(second.spawned.isEmpty)
        #expect(stage.feed(.said(2, .ready)).last == .becomeReplacement)
    }

    @Test("SIGUSR2 in an upgrade is refused, and who waits for that upgrade hears of that upgrade alone")
    func signalMeanwhile() {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        let signal = stage.feed(.upgradeSignal)
        #expect(signal.answers.isEmpty && signal.spawned.isEmpty)
        #expect(signal.lines == ["no upgrade: an upgrade is under way"])
        stage.feed(.said(2, .ready))
        #expect(stage.feed(.resumed).answers.count == 1)
    }

    @Test("who asks while an upgrade by SIGUSR2 is under way is told so")
    func askedMeanwhile() {
        var stage = Stage.serving()
        #expect(stage.feed(.upgradeSignal).spawned == [.replacement])
        #expect(stage.feed(.upgrade).answers == [.failed("an upgrade is under way")])
        #expect(stage.feed(.said(2, .ready)).last == .becomeReplacement)
    }

    @Test("SIGHUP in an upgrade is for both: the new one may have read the file already, and reads it again before it takes over")
    func reloadMeanwhile() {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        #expect(stage.feed(.reload) == [.order(1, .reload)])
        let ready = stage.feed(.said(2, .ready))
        #expect(ready.first == .order(2, .reload))
        #expect(ready.last == .becomeReplacement)
        #expect(stage.feed(.reload) == [.order(2, .reload)], "the one that drains serves by what it has")
    }

    @Test("none before the service is ready, and none while it stops")
    func notNow() {
        var starting = Stage()
        starting.feed(.begin)
        #expect(starting.feed(.upgrade).answers == [.failed("the service is not ready yet")])
        var stopping = Stage.serving()
        stopping.feed(.stop(signal: SIGTERM))
        #expect(stopping.feed(.upgrade).answers == [.failed("the service is stopping")])
    }

    @Test("sixteen processes may drain; with as many no upgrade begins")
    func drainingLimit() {
        var stage = Stage.serving()
        for number in 2...(SupervisorLimits.drainingProcesses + 1) {
            _ = stage.upgrade(to: number)
            stage.feed(.said(number - 1, .draining(milliseconds: 1_000_000_000)))
        }
        #expect(stage.feed(.upgrade).answers == [.failed("16 processes of earlier upgrades still drain")])
        stage.feed(.ended(pid: 101, .exited(0)))
        #expect(stage.feed(.upgrade).spawned == [.replacement])
    }

    @Test("a crash of the one that serves, in an upgrade, is answered as ever, and the new one takes over from its successor")
    func crashMeanwhile() {
        var stage = Stage.serving()
        stage.feed(.upgrade)
        #expect(stage.feed(.ended(pid: 101, .killed(signal: SIGSEGV))).spawned == [.running])
        let ready = stage.feed(.said(2, .ready))
        #expect(ready.hasOrder(.drain, to: 3))
        #expect(stage.feed(.ended(pid: 103, .exited(0))).exitStatus == nil)
    }

    @Test("a binary that keeps crashing can be replaced while its successor waits")
    func whileWaiting() {
        var stage = Stage.serving()
        stage.feed(.ended(pid: 101, .killed(signal: SIGSEGV)))
        stage.feed(.ended(pid: 102, .killed(signal: SIGSEGV)))
        #expect(stage.feed(.upgrade).spawned == [.replacement])
        let ready = stage.feed(.said(3, .ready))
        #expect(ready.last == .becomeReplacement)
        #expect(stage.pass(milliseconds: 1000).spawned.isEmpty, "nothing else is started any more")
    }

    @Test("a supervisor that could not become the new binary says so, and starts that binary from then on")
    func couldNotBecome() {
        var stage = Stage.serving()
        _ = stage.upgrade(to: 2)
        let actions = stage.feed(.couldNotBecome(reason: "execve: permission denied"))
        #expect(actions.answers == [.done("process 102 serves, version unknown, build unknown; the supervisor itself is still the one before: execve: permission denied")])
        #expect(stage.feed(.ended(pid: 102, .killed(signal: SIGKILL))).spawned == [.upgraded], "not what is at its path by then")
    }
}
