public import Reactor
import Synchronization

/// Why the mock provider could not start.
public struct MockError: Error, CustomStringConvertible {
    public let description: String
}

/// How a mock provider differs from its plain self.
public struct MockOptions: Sendable {
    /// Whether every request is held to what its provider documents, as with the script key `strict`.
    public var isStrict = false
    /// What is answered instead of scripts.
    public var transcript: MockTranscript?

    public init() {}
}

/// A scripted provider on threads of its own: OpenAI's, Azure's, Anthropic's, Gemini's and Bedrock's dialects, streamed or not.
///
/// What it does is written in the model's name, as in `mock?latency=50&tokens=20`; see `Script`.
/// Usage is counted so that anyone can recompute it: four bytes of the prompt's text make a token, rounded up;
/// an answer has as many tokens as a stream has text events. Connections have no idle timeout: their end is
/// the client's to choose. `GET /mock/stats` counts, `POST /mock/reset` zeroes. Several servers may run in one process.
public final class MockServer: Sendable {
    /// Where it listens, the port chosen.
    public let address: SocketAddress

    private let counters: Counters
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let threads: Mutex<[Thread]>

    /// Listens and starts; returns when connections are being accepted.
    public init(listen: SocketAddress, workers count: Int = 1, options: MockOptions = MockOptions()) throws(MockError) {
        precondition(count > 0, "a server has a worker")
        let counters = Counters()
        var mailboxes: [Mailbox<WorkerMessage>] = []
        var threads: [Thread] = []
        do throws(SystemError) {
            let first = try Worker(index: 0, listener: try Listener(listen), counters: counters, options: options)
            var workers = [StartedWorker(first)]
            for index in 1..<count {
                let worker = try Worker(index: index, listener: try first.anotherListener(), counters: counters, options: options)
                workers.append(StartedWorker(worker))
            }
            for (index, started) in workers.enumerated() {
                threads.append(try Thread.start("mock \(index)") { started.worker.run() })
                mailboxes.append(started.worker.mailbox)
            }
            address = first.address
        } catch {
            for mailbox in mailboxes { mailbox.send(.stop) }
            throw MockError(description: "mock provider: cannot listen on \(listen): \(error.reason)")
        }
        self.counters = counters
        self.mailboxes = mailboxes
        self.threads = Mutex(threads)
    }

    /// A worker on its way to its own thread, which is the only one to use it.
    private struct StartedWorker: @unchecked Sendable {
        let worker: Worker
        init(_ worker: Worker) { self.worker = worker }
    }

    deinit { stop() }

    public func statistics() -> MockStatistics { counters.snapshot }

    /// Closes every connection, whatever it is in the middle of, and ends the threads.
    public func stop() {
        for mailbox in mailboxes { mailbox.send(.stop) }
    }

    /// Returns when the threads have ended.
    public func wait() {
        // The lock is held meanwhile: a second caller waits as well, and no thread is joined twice.
        threads.withLock { threads in
            for thread in threads { thread.join() }
            threads = []
        }
    }
}
