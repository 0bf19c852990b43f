import CLinux
import Glibc

/// The signals that stop the process (the first drains, the second exits at once), and the one that has it read its configuration.
struct StopSignals {
    private var set = sigset_t()

    /// Takes SIGTERM, SIGINT and SIGHUP for `wait`. Threads started afterwards inherit the mask, so that no
    /// other thread is interrupted by them. Also ignores SIGPIPE, which writes report themselves.
    init() {
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGHUP)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Sleeps until one comes that stops the process.
    mutating func wait(hangUp: () -> Void = {}) -> CInt {
        while true {
            var number: CInt = 0
            while sigwait(&set, &number) != 0 {}
            guard number == SIGHUP else { return number }
            hangUp()
        }
    }
}
