import Glibc
import Reactor
import Synchronization
import Testing

@Suite("Thread")
struct ThreadTests {
    @Test("the body runs once, on another thread, and is finished when join returns")
    func runs() throws {
        let box = Box()
        try Thread.start("once") {
            usleep(10_000)
            box.runs.add(1, ordering: .relaxed)
            box.thread.store(UInt(pthread_self()), ordering: .relaxed)
        }.join()
        #expect(box.runs.load(ordering: .relaxed) == 1)
        #expect(box.thread.load(ordering: .relaxed) != UInt(pthread_self()))
    }

    @Test("its name is cut to 15 bytes")
    func isNamed() throws {
        let box = Box()
        try Thread.start("worker number twelve") {
            let file = open("/proc/thread-self/comm", O_RDONLY)
            var text = [UInt8](repeating: 0, count: 32)
            let count = read(file, &text, text.count)
            close(file)
            box.name.withLock { $0 = String(decoding: text.prefix(max(0, count - 1)), as: UTF8.self) }
        }.join()
        #expect(box.name.withLock { $0 } == "worker number t")
    }

    @Test("what the body holds is let go once it has returned")
    func letsGo() throws {
        weak var held: Box?
        do {
            let box = Box()
            held = box
            try Thread.start("holder") { box.runs.add(1, ordering: .relaxed) }.join()
        }
        #expect(held == nil)
    }

    /// What a body leaves behind.
    final class Box: Sendable {
        // Written by the thread, read after it was joined.
        let runs = Atomic<Int>(0)
        let thread = Atomic<UInt>(0)
        let name = Mutex("")
    }
}
