/// Bounds of the reactor.
public enum ReactorLimits {
    /// Connections the kernel may hold for us before it refuses more; net.core.somaxconn caps it.
    public static let listenBacklog = 4096

    /// Of one connection's output, what the kernel takes before it can send it (TCP_NOTSENT_LOWAT): 2 ms of 1 Gbit/s. It would take 4 MiB of each
    /// client that does not read, and only what it does not take shows us that the client does not.
    public static let unsentByteCount = 256 << 10

    /// Looks at an address that another process listens on, and microseconds between two, before that is a fault: one that is ending ends in half a second.
    public static let takenLooks = 10
    public static let takenPauseMicroseconds: UInt32 = 50_000

    /// Connections accepted from one listener a turn, so that a storm leaves turns for those it brought.
    public static let acceptsPerTurn = 64

    /// Messages a mailbox holds; a sender finds it full before memory grows.
    public static let mailboxCapacity = 1024
}
