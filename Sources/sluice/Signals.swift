import CLinux
import Glibc

/// The signals that stop the process: the first drains, the second exits at once.
struct StopSignals {
    private var set = sigset_t()

    /// Takes SIGTERM and SIGINT for `wait`. Threads started afterwards inherit the mask, so that no
    /// other thread is interrupted by them. Also ignores SIGPIPE, which writes report themselves.
    init() {
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Sleeps until one of them comes.
    mutating func wait() -> CInt {
        var number: CInt = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }
}
