import Glibc
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite("Reading the configuration again")
struct ReloadsTests {
    /// A file on a disk that answers when the test says so.
    private final class Disk: Sendable {
        private let latch = Latch()
        let readCount = Atomic(0)

        func read() -> ReloadReport {
            readCount.wrappingAdd(1, ordering: .relaxed)
            latch.wait()
            return ReloadReport()
        }

        func answer() { latch.open() }
    }

    @Test("a file that takes its time keeps nobody waiting: neither requests, nor operators, nor the end")
    func slowDisk() throws {
        let gateway = try TestGateway(World(try ScriptedUpstream { _ in }))
        let reloads = gateway.gateway.operations.reloads
        let disk = Disk()
        defer { disk.answer() }
        reloads.setReader { disk.read() }
        reloads.ask(because: "SIGHUP")
        #expect(soon { disk.readCount.load(ordering: .relaxed) == 1 && reloads.isUnderWay })
        #expect(try gateway.ask(Text.request("GET /health", body: nil)).status == 200)
        #expect(try gateway.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
        let isTurning = Atomic(false)
        gateway.gateway.whenAllHaveTurned { isTurning.store(true, ordering: .relaxed) }
        #expect(soon { isTurning.load(ordering: .relaxed) })
        // Returns although the reload never does.
        gateway.stop()
        #expect(reloads.isUnderWay)
    }

    @Test("those who ask while one is under way get one more, all together")
    func coalesced() throws {
        let gateway = try TestGateway(World(try ScriptedUpstream { _ in }))
        let reloads = gateway.gateway.operations.reloads
        let disk = Disk()
        reloads.setReader { disk.read() }
        reloads.ask(because: "SIGHUP")
        #expect(soon { disk.readCount.load(ordering: .relaxed) == 1 })
        let answered = Atomic(0)
        for _ in 0..<100 { reloads.ask(because: "SIGHUP") { _ in answered.wrappingAdd(1, ordering: .relaxed) } }
        disk.answer()
        #expect(soon { answered.load(ordering: .relaxed) == 100 })
        #expect(disk.readCount.load(ordering: .relaxed) == 2)
        #expect(reloads.current.version == 3)
        #expect(soon { !reloads.isUnderWay })
    }

    @Test("without a file there is nothing to read, and that is the answer")
    func noFile() throws {
        let gateway = try TestGateway(World(try ScriptedUpstream { _ in }))
        let faults = Mutex<[String]>([])
        gateway.gateway.operations.reloads.ask(because: "SIGHUP") { report in faults.withLock { $0 = report.faults } }
        #expect(soon { faults.withLock { $0 } == ["there is no configuration file to read"] })
    }
}
