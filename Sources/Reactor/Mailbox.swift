import Synchronization

/// A bounded queue into one thread's loop, and the way to wake it.
///
/// Off the hot path (snapshots, drain, console): a mutex is enough. Many send, one receives.
public final class Mailbox<Message: Sendable>: Sendable {
    private let wakeup: Wakeup
    private let messages: Mutex<[Message]>

    public init() throws(SystemError) {
        wakeup = try Wakeup()
        messages = Mutex([])
    }

    /// Readable while messages wait; for the receiver's poller.
    public var descriptor: CInt { wakeup.descriptor }

    /// Queues `message` and wakes the receiver; false when the mailbox is full.
    @discardableResult
    public func send(_ message: Message) -> Bool {
        let accepted = messages.withLock { queue in
            guard queue.count < ReactorLimits.mailboxCapacity else { return false }
            queue.append(message)
            return true
        }
        wakeup.signal()
        return accepted
    }

    /// Sleeps until something waits, and takes it. For threads without a loop of their own.
    public func waitForAll() -> [Message] {
        wakeup.wait()
        return receiveAll()
    }

    /// Everything that waits, in order.
    public func receiveAll() -> [Message] {
        wakeup.clear()
        return messages.withLock { queue in
            let received = queue
            queue = []
            return received
        }
    }
}
