import CLinux
import Glibc
import Reactor
import Testing

@testable import Supervisor

@Suite("Processes and what they are given")
struct ProcessTests {
    /// Runs a shell's line with `linux_spawn`; what it wrote to descriptor 3, and its status.
    private func run(_ line: String, environment: Environment = .current()) throws -> (said: String, status: CInt) {
        let (ours, theirs) = try PacketSocket.pair()
        let pid = Executable.withTables(["sh", "-c", line], environment) { linux_spawn("/bin/sh", -1, $0, $1, theirs.descriptor) }
        try #require(pid > 0)
        var status: CInt = 0
        #expect(waitpid(pid, &status, 0) == pid)
        guard case .message(let text, _) = try ours.receive() else { return ("", status) }
        return (text, status)
    }

    @Test("a process has its channel as descriptor 3, and none of ours beside the first three")
    func descriptors() throws {
        // Not close-on-exec: as if somebody had forgotten.
        let stray = dup(0)
        defer { close(stray) }
        // 4 is the folder that ls reads.
        #expect(try run("exec ls /proc/self/fd >&3").said == "0\n1\n2\n3\n4\n")
    }

    @Test("it is given the variables, byte for byte")
    func variables() throws {
        var environment = Environment.current()
        environment.set("SLUICE_TEST", "a=b c")
        environment.remove(["HOME"])
        #expect(environment["SLUICE_TEST"] == "a=b c" && environment["HOME"] == nil)
        #expect(try run("printf '%s|%s' \"$SLUICE_TEST\" \"${HOME-none}\" >&3", environment: environment).said == "a=b c|none")
    }

    @Test("a file that was opened is what is started, a program or a script, whatever is at its path by then", arguments: [false, true])
    func openedFile(isScript: Bool) throws {
        let path = "/tmp/sluice-program-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        defer { unlink(path) }
        func put(_ text: String) throws {
            unlink(path)
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o700)
            try #require(text.utf8.withContiguousStorageIfAvailable { write(descriptor, $0.baseAddress, $0.count) } == text.utf8.count)
            close(descriptor)
        }
        if isScript { try put("#!/bin/sh\necho opened >&3\n") } else { symlink("/bin/sh", path) }
        let program = try ProgramFile(at: path)
        try put("#!/bin/sh\necho other >&3\n")
        let (ours, theirs) = try PacketSocket.pair()
        let pid = Executable.withTables(["sh", "-c", "echo opened >&3"], .current()) {
            linux_spawn(ProgramFile.path(of: ProgramFile.spawnedDescriptor), program.descriptor, $0, $1, theirs.descriptor)
        }
        try #require(pid > 0)
        var status: CInt = 0
        #expect(waitpid(pid, &status, 0) == pid && status == 0)
        guard case .message("opened\n", _) = try ours.receive() else {
            Issue.record("another program was started")
            return
        }
    }

    @Test("a program that is not there is an error, not a process")
    func missing() throws {
        let (_, theirs) = try PacketSocket.pair()
        let code = Executable.withTables(["x"], Environment()) { linux_spawn("/no/such/program", -1, $0, $1, theirs.descriptor) }
        #expect(code == -ENOENT)
    }

    @Test("the binary's path is where it was started from, made absolute, with its links", arguments: [
        ("/opt/sluice", "/opt/sluice"), ("./sluice", "/here/./sluice"), ("bin/sluice", "/here/bin/sluice"), ("sh", "/bin/sh"),
    ])
    func path(name: String, expected: String) {
        #expect(Executable(startedAs: name, searchPath: "relative:/bin:/usr/bin", workingDirectory: "/here").path == expected)
    }

    @Test("a name that is nowhere leads to the running program")
    func unknownName() {
        let found = Executable(startedAs: "no-such-program", searchPath: "/bin", workingDirectory: "/").path
        #expect(found.hasPrefix("/") && access(found, X_OK) == 0)
    }

    @Test("spans of time are said in two units at most", arguments: [
        (UInt64(0), "0 ms"), (999_999_999, "999 ms"), (1_000_000_000, "1 s"), (119_000_000_000, "119 s"), (120_000_000_000, "2 min"),
        (7_199_000_000_000, "119 min"), (7_200_000_000_000, "2 h 0 min"), (100_000_000_000_000, "27 h 46 min"), (200_000_000_000_000, "2 d 7 h"),
    ])
    func lifetimes(nanoseconds: UInt64, text: String) { #expect(Lifetime.text(nanoseconds) == text) }
}

@Suite("Service manager")
struct ServiceNotifierTests {
    /// A datagram socket as a service manager has it.
    private struct Manager {
        let descriptor: CInt

        init(_ path: String) throws {
            descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let isAbstract = path.hasPrefix("@")
            let bytes = Array(path.utf8).map { $0 == UInt8(ascii: "@") ? 0 : $0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
            let code = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            try #require(code == 0)
        }

        func heard() -> String {
            var room = [UInt8](repeating: 0, count: 512)
            let count = recv(descriptor, &room, room.count, CInt(MSG_DONTWAIT))
            return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
        }
    }

    private static let unique = "sluice-notify-\(getpid())-\(UInt32.random(in: 0...(.max)))"

    @Test("notices arrive, at a path and at an abstract name (sd_notify(3))", arguments: ["/tmp/\(unique).sock", "@\(unique)"])
    func arrive(path: String) throws {
        let manager = try Manager(path)
        defer {
            close(manager.descriptor)
            unlink(path)
        }
        let notifier = ServiceNotifier(Environment(["NOTIFY_SOCKET": path]), pid: getpid())
        notifier.send(.ready)
        #expect(manager.heard() == "READY=1\nMAINPID=\(getpid())")
        notifier.send(.stopping)
        #expect(manager.heard() == "STOPPING=1")
    }

    @Test("each notice is what systemd reads")
    func texts() {
        func text(_ notice: Notice) -> String { ServiceNotifier.text(notice, pid: 7, now: Instant(nanoseconds: 5_000_123)) }
        #expect(text(.reloading) == "RELOADING=1\nMONOTONIC_USEC=5000")
        #expect(text(.watchdog) == "WATCHDOG=1")
        #expect(text(.extend(milliseconds: 35_000)) == "EXTEND_TIMEOUT_USEC=35000000")
        #expect(text(.status("restart 1 now")) == "STATUS=restart 1 now")
    }

    @Test("nobody is told where nobody listens, and a path of another kind is none")
    func nobody() {
        #expect(ServiceNotifier(Environment(), pid: 1).path == nil)
        #expect(ServiceNotifier(Environment(["NOTIFY_SOCKET": "vsock:2:1234"]), pid: 1).path == nil)
        ServiceNotifier(Environment(["NOTIFY_SOCKET": "/no/such/socket"]), pid: 1).send(.ready)
        ServiceNotifier(Environment(["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]), pid: 1).send(.ready)
    }

    @Test("the watchdog is the one of this process", arguments: [
        ("30000000", nil, UInt64(30_000_000_000)), ("30000000", "7", 30_000_000_000), ("30000000", "8", nil), ("0", nil, nil), ("x", nil, nil),
        ("18446744073709551615", nil, nil), (nil, nil, nil),
    ] as [(String?, String?, UInt64?)])
    func watchdog(microseconds: String?, pid: String?, nanoseconds: UInt64?) {
        var environment = Environment(["NOTIFY_SOCKET": "/run/systemd/notify"])
        if let microseconds { environment.set("WATCHDOG_USEC", microseconds) }
        if let pid { environment.set("WATCHDOG_PID", pid) }
        #expect(ServiceNotifier(environment, pid: 7).watchdogNanoseconds == nanoseconds)
    }
}
