import Foundation
import Glibc

/// The fenced blocks of the README, in order, each under its section.
struct ReadmeBlock {
    let section: String
    let language: String
    let text: String

    static func all() throws -> [ReadmeBlock] {
        var blocks: [ReadmeBlock] = []
        var section = ""
        var open: (language: String, lines: [Substring])?
        for line in try Repository.text("README.md").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(ReadmeBlock(section: section, language: block.language, text: block.lines.joined(separator: "\n") + "\n"))
                    open = nil
                } else {
                    open = (String(line.dropFirst(3)), [])
                }
            } else if open != nil {
                open?.lines.append(line)
            } else if line.hasPrefix("#") {
                section = String(line)
            }
        }
        return blocks
    }

    /// One a line; a backslash at a line's end carries on.
    var commands: [String] {
        text.replacing("\\\n", with: " ").split(separator: "\n").map { String($0) }.filter { !$0.hasPrefix("#") }
    }
}

/// Why a command of the README could not be run as it says.
struct ReadmeFault: Error, CustomStringConvertible {
    let description: String
}

/// A folder to run the README's commands in: the binary is `sluice`, and its ports are free ones.
final class ReadmeShell {
    let folder: URL
    let port: Int
    let mockPort: Int
    private var servers: [Process] = []

    /// The built binary: SLUICE_BINARY, else the newer of the release and the debug build; nil when there is none.
    static var binary: String? {
        let named = ProcessInfo.processInfo.environment["SLUICE_BINARY"]
        let built = [".build/release/sluice", ".build/debug/sluice"].map { Repository.root.appending(path: $0).path }
        let found = (named.map { [$0] } ?? built).filter { FileManager.default.isExecutableFile(atPath: $0) }
        return found.max { modified($0) < modified($1) }
    }

    private static func modified(_ path: String) -> Date {
        (try? URL(fileURLWithPath: path).resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate) ?? .distantPast
    }

    /// The interpreter that has the SDKs, made by the end-to-end suite; nil when it is not there.
    static var python: String? {
        let made = Repository.root.appending(path: "Tests/EndToEnd/.venv/bin/python").path
        let path = ProcessInfo.processInfo.environment["SLUICE_PYTHON"] ?? made
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    init(binary: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-readme-\(UUID().uuidString)")
        (port, mockPort) = try ReadmeShell.freePorts()
        let bin = folder.appending(path: "bin")
        try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: bin.appending(path: "sluice").path, withDestinationPath: binary)
        for shared in ["config", "perf"] where Repository.exists(shared) {
            let there = Repository.root.appending(path: shared).path
            try FileManager.default.createSymbolicLink(atPath: folder.appending(path: shared).path, withDestinationPath: there)
        }
        // An HTTP error is an error here, and its body is shown.
        try write("#!/bin/sh\nPATH=${PATH#*:} exec curl --fail-with-body --silent --show-error --max-time 20 \"$@\"\n", to: "bin/curl")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: bin.appending(path: "curl").path)
    }

    func write(_ text: String, to name: String) throws {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }

    func read(_ name: String) -> String { (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? "" }

    /// Stops the servers and removes the folder.
    func close() {
        for server in servers where server.isRunning {
            server.terminate()
            server.waitUntilExit()
        }
        servers = []
        try? FileManager.default.removeItem(at: folder)
    }

    /// The command with this shell's ports.
    private func local(_ command: String) -> String {
        command.replacing("127.0.0.1:8787", with: "127.0.0.1:\(port)").replacing("--port 8788", with: "--port \(mockPort)")
            .replacing("127.0.0.1:8788", with: "127.0.0.1:\(mockPort)")
    }

    private func process(_ command: String, output: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = folder.appending(path: "bin").path + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        // Whoever has a key in the environment must not spend it by running tests.
        for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MAKEFLAGS", "MAKELEVEL"] { environment[name] = nil }
        process.environment = environment
        try write("", to: output)
        let file = try FileHandle(forWritingTo: folder.appending(path: output))
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs a command to its end; returns what it printed.
    func run(_ command: String, seconds: Int = 60) throws -> String {
        let process = try process("timeout \(seconds) /bin/sh -c \(ReadmeShell.quoted(local(command)))", output: "output")
        process.waitUntilExit()
        let output = read("output")
        guard process.terminationStatus == 0 else {
            throw ReadmeFault(description: "`\(command)` ended with \(process.terminationStatus): \(output)")
        }
        return output
    }

    /// Starts a server and waits until it listens.
    func serve(_ command: String) throws {
        let output = "server-\(servers.count)"
        let listens = command.contains("sluice serve") && !command.contains("--listen") ? " --listen 127.0.0.1:\(port)" : ""
        let server = try process("exec " + local(command) + listens, output: output)
        servers.append(server)
        for _ in 0..<500 {
            if read(output).contains("listening on") { return }
            guard server.isRunning else { break }
            usleep(20_000)
        }
        throw ReadmeFault(description: "`\(command)` does not listen: \(read(output))")
    }

    /// What `make TARGET` would run last, with this shell's binary.
    func recipe(_ target: String) throws -> String {
        let printed = try run("make --no-print-directory -n -C \(ReadmeShell.quoted(Repository.root.path)) \(target)")
        let last = printed.split(separator: "\n").last.map { String($0) } ?? ""
        return last.replacing("exec ", with: "").replacing(".build/release/sluice", with: "sluice")
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }

    /// Two neighbours that nobody listens on, below the ports of the end-to-end suite and those that the kernel gives to outgoing connections:
    /// one of the latter can be another's a moment after it was found free.
    private static func freePorts() throws -> (Int, Int) {
        for first in stride(from: 9000, to: 10_000, by: 2).shuffled() where isFree(first) && isFree(first + 1) { return (first, first + 1) }
        throw ReadmeFault(description: "every port from 9000 to 9999 is in use")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}
