import Bytes
import Glibc

/// Which boot of which machine this is: monotonic times, and bytes that were never synced, mean something within one boot only.
/// - Source: random(4), /proc/sys/kernel/random/boot_id
public struct BootIdentity: BitwiseCopyable, Equatable, Sendable {
    static let path = "/proc/sys/kernel/random/boot_id"

    let low: UInt64
    let high: UInt64

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// This one.
    public static func current() throws(LedgerFileError) -> BootIdentity {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .noBootIdentity(code: errno) }
        defer { close(descriptor) }
        var text = InlineArray<64, UInt8>(repeating: 0)
        let count = withUnsafeMutableBytes(of: &text) { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw .noBootIdentity(code: count < 0 ? errno : EIO) }
        var hash = SHA256()
        text.withSlice { hash.add(ByteSlice($0.base, count: count)) }
        let words = hash.finishWords()
        return BootIdentity(low: words.low, high: words.high)
    }
}
