import ArgumentParser
import Supervisor

/// `sluice upgrade`: has a running service change its binary.
struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have a running service change to the binary that is at its path now.",
        discussion: """
            The new binary is started beside the one that serves, with the same listening sockets. Once it is ready it serves, and the one \
            before finishes what it has. If it does not become ready, nothing changes and the exit status is 1.
            """)

    @Option(help: "Process id of the supervisor.")
    var pid: Int32?

    @Option(help: "The file that sluice serve --pid-file has written.", completion: .file())
    var pidFile: String?

    func validate() throws {
        if (pid == nil) == (pidFile == nil) { throw ValidationError("say which service: --pid NUMBER or --pid-file FILE") }
    }

    func run() throws {
        do {
            switch try UpgradeRequest(supervisor: try supervisor()).send() {
            case .done(let text): print("upgraded: \(text)")
            case .failed(let reason):
                standardError("sluice: not upgraded: \(reason); the service's log says more")
                throw ExitCode(1)
            }
        } catch let fault as UpgradeFault {
            standardError("sluice: not upgraded: \(fault)")
            throw ExitCode(1)
        }
    }

    private func supervisor() throws -> Int32 {
        if let pid { return pid }
        guard let pidFile else { throw ValidationError("say which service: --pid NUMBER or --pid-file FILE") }
        let text = String(decoding: try ConfigurationFile(path: pidFile).text(), as: UTF8.self)
        guard let pid = Int32(text.prefix { !$0.isWhitespace }) else { throw ValidationError("\(pidFile) holds no process id") }
        return pid
    }
}
