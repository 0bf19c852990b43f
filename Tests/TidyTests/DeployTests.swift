import Foundation
import Testing

/// `config/deploy/sluice.service`, held against what systemd and the command line know.
@Suite("systemd unit")
struct DeployTests {
    private static let path = "config/deploy/sluice.service"
    private static let analyze = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Keys and values of a section; a key may come again.
    private func settings(_ section: String) throws -> [String: [String]] {
        var found: [String: [String]] = [:]
        var isInside = false
        for line in try Repository.text(Self.path).split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("[") { isInside = line == "[\(section)]" }
            guard isInside, let equals = line.firstIndex(of: "=") else { continue }
            found[String(line[..<equals]), default: []].append(String(line[line.index(after: equals)...]))
        }
        return found
    }

    @Test("every option of its command line is one that serve has")
    func optionsExist() throws {
        let command = try #require(try settings("Service")["ExecStart"]?.first)
        let serve = try Repository.text("Sources/sluice/Serve.swift")
        let options = command.matches(of: /--([a-z-]+)/).map { String($0.output.1) }
        #expect(!options.isEmpty && command.contains(" serve "))
        for option in options {
            let words = option.split(separator: "-")
            let name = words[0] + words.dropFirst().map(\.capitalized).joined()
            #expect(serve.contains("var \(name)"), "sluice serve has no --\(option)")
        }
    }

    @Test("it waits for readiness, asks for a watchdog, and lets the supervisor drain the others")
    func protocols() throws {
        let service = try settings("Service")
        for (key, value) in [("Type", "notify"), ("NotifyAccess", "main"), ("KillMode", "mixed"), ("Restart", "on-failure")] {
            #expect(service[key] == [value], "\(key)")
        }
        #expect(service["WatchdogSec"] != nil)
        // Longer than limits.drain_timeout and what the supervisor adds.
        #expect(Int(service["TimeoutStopSec"]?.first ?? "0") ?? 0 > 35)
    }

    @Test("it is shut in: each of these is set", arguments: [
        ("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("ProtectHome", "yes"), ("PrivateTmp", "yes"), ("PrivateDevices", "yes"),
        ("ProtectKernelTunables", "yes"), ("ProtectKernelModules", "yes"), ("ProtectKernelLogs", "yes"), ("ProtectControlGroups", "yes"),
        ("ProtectClock", "yes"), ("ProtectHostname", "yes"), ("ProtectProc", "invisible"), ("RestrictNamespaces", "yes"),
        ("RestrictRealtime", "yes"), ("RestrictSUIDSGID", "yes"), ("LockPersonality", "yes"), ("MemoryDenyWriteExecute", "yes"),
        ("DynamicUser", "yes"), ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"), ("SystemCallArchitectures", "native"), ("UMask", "0077"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ])
    func sandbox(key: String, value: String) throws { #expect(try settings("Service")[key] == [value]) }

    @Test("systemd itself finds no fault with it, and calls its exposure low", .enabled(if: analyze != nil, "skipped: systemd-analyze is not there"))
    func systemdAgrees() throws {
        let analyze = try #require(Self.analyze)
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-unit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The binary need not be installed here.
        let unit = folder.appending(path: "sluice.service")
        try Repository.text(Self.path).replacing("/usr/local/bin/sluice", with: "/bin/true").write(to: unit, atomically: true, encoding: .utf8)
        for arguments in [["verify", unit.path], ["security", "--offline=true", "--threshold=20", unit.path]] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: analyze)
            process.arguments = ["--no-pager"] + arguments
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "systemd-analyze \(arguments[0]): \(text)")
            if arguments[0] == "verify" { #expect(text.isEmpty, "\(text)") }
        }
    }
}
