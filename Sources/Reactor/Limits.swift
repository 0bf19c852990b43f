/// Bounds of the reactor.
public enum ReactorLimits {
    /// Connections the kernel may hold for us before it refuses more; net.core.somaxconn caps it.
    public static let listenBacklog = 4096

    /// Connections accepted from one listener a turn, so that a storm leaves turns for those it brought.
    public static let acceptsPerTurn = 64

    /// Messages a mailbox holds; a sender finds it full before memory grows.
    public static let mailboxCapacity = 1024
}
