import CLinux
import Glibc

extension ListenerSet {
    /// Takes over the sockets that a service manager opened for this process.
    /// - Returns: a line for the operator about each that cannot be used.
    /// - Source: sd_listen_fds(3)
    mutating func adoptActivated(_ environment: Environment, pid: pid_t) -> [String] {
        guard let named = environment["LISTEN_PID"].flatMap({ pid_t($0) }), named == pid,
            let count = environment["LISTEN_FDS"].flatMap({ CInt($0) }), count > 0
        else { return [] }
        var lines: [String] = []
        for offset in 0..<min(count, CInt(SupervisorLimits.addresses)) {
            let descriptor = ListenerSet.firstActivated + offset
            if adopt(descriptor) == nil { lines.append("descriptor \(descriptor) from the service manager is no listening socket; it is not used") }
        }
        return lines
    }

    /// SD_LISTEN_FDS_START
    private static let firstActivated: CInt = 3
}
