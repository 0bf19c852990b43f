import CLinux
import Glibc
import Reactor

/// Signals as a descriptor: readable while one waits. They are blocked for the thread that makes it, and for all it starts.
struct SignalDescriptor: ~Copyable {
    let descriptor: CInt

    init(_ signals: [CInt]) throws(SystemError) {
        descriptor = linux_signal_descriptor(signals, CInt(signals.count))
        if descriptor < 0 { throw SystemError("signalfd", code: -descriptor) }
    }

    deinit { close(descriptor) }

    /// The next that waits; nil when none does.
    borrowing func next() -> CInt? {
        let signal = linux_next_signal(descriptor)
        return signal > 0 ? signal : nil
    }
}
