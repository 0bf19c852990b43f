/// Bounds of pooled memory.
public enum BufferLimits {
    /// The smallest block, bytes. A typical request head with a short body fits.
    public static let smallestBlockByteCount = 1 << 10

    /// The largest pooled block, bytes: one read. Bigger ones are allocated and freed singly.
    public static let largestPooledBlockByteCount = 1 << 16

    /// Bytes a pool keeps on each free list before it gives memory back to the process.
    public static let idleByteCountPerClass = 4 << 20

    /// Default for the whole process: bodies, queues and buffers together.
    public static let defaultBudgetByteCount = 1 << 30
}
