import Synchronization

/// A bounded queue into one thread's loop, and the way to wake it.
///
/// Off the hot path (snapshots, drain, console): a mutex is enough. Many send, one receives.
///
/// What would hang if it were lost is sent by `post`: of such messages there are only as many as the sender has places for, so that they need no
/// bound here, and do not count towards the one that the others have.
public final class Mailbox<Message: Sendable>: Sendable {
    private let wakeup: Wakeup
    private let messages: Mutex<Queue>

    private struct Queue {
        var messages: [Message] = []
        /// How many of them were sent by `send`.
        var boundedCount = 0
    }

    public init() throws(SystemError) {
        wakeup = try Wakeup()
        messages = Mutex(Queue())
    }

    /// Readable while messages wait; for the receiver's poller.
    public var descriptor: CInt { wakeup.descriptor }

    /// Queues `message` and wakes the receiver; false when the mailbox is full.
    @discardableResult
    public func send(_ message: Message) -> Bool {
        let accepted = messages.withLock { queue in
            guard queue.boundedCount < ReactorLimits.mailboxCapacity else { return false }
            queue.messages.append(message)
            queue.boundedCount += 1
            return true
        }
        wakeup.signal()
        return accepted
    }

    /// Queues `message`, however many wait, and wakes the receiver.
    public func post(_ message: Message) {
        messages.withLock { $0.messages.append(message) }
        wakeup.signal()
    }

    /// Wakes the receiver without a message.
    public func wake() { wakeup.signal() }

    /// Sleeps until something waits, and takes it. For threads without a loop of their own.
    public func waitForAll() -> [Message] {
        wakeup.wait()
        return receiveAll()
    }

    /// Everything that waits, in order.
    public func receiveAll() -> [Message] {
        wakeup.clear()
        return messages.withLock { queue in
            let received = queue.messages
            queue = Queue()
            return received
        }
    }
}
