import Glibc
import Reactor
import Synchronization

/// What operators should know of at once, a line each on standard error: written by a thread of its own,
/// since a worker must not wait for a terminal.
public final class Notices: Sendable {
    private let lines: Mailbox<String>
    private let isStopping = Atomic(false)

    init() throws(SystemError) { lines = try Mailbox() }

    /// Safe from any thread. A line for which there is no room is lost: its like are many then.
    func say(_ line: String) { _ = lines.send("sluice: \(line)\n") }

    func run() {
        while !isStopping.load(ordering: .acquiring) {
            for line in lines.waitForAll() {
                var line = line
                line.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
            }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        _ = lines.send("")
    }
}
