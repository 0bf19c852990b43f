import CLinux
import Configuration
import Foundation
import Gateway
import Glibc
import JSON
import Office
import Policy

/// Reads the configuration file again and has the gateway serve by it, beside what the store has; a bad file changes nothing.
final class Reloader: Sendable {
    private let file: ConfigurationFile
    private let arguments: ListenArguments
    private let state: String?
    private let serving: [ListenerDeclaration]
    private let first: ServerConfiguration
    private let desk: SnapshotDesk
    private let adopted: @Sendable (ServerConfiguration, ResolvedSecrets) -> Void

    /// - Parameter adopted: told what is served by from then on.
    init(
        _ file: ConfigurationFile, _ arguments: ListenArguments, state: String?, serving: [ListenerDeclaration], first: ServerConfiguration,
        desk: SnapshotDesk, adopted: @escaping @Sendable (ServerConfiguration, ResolvedSecrets) -> Void
    ) {
        self.file = file
        self.arguments = arguments
        self.state = state
        self.serving = serving
        self.first = first
        self.desk = desk
        self.adopted = adopted
    }

    func reload() -> ReloadReport {
        do {
            let (configuration, diagnostics) = ConfigurationReader.read(try file.text(), builtIn: SnapshotBuilder.builtInProviders())
            guard let configuration, !diagnostics.hasErrors else { return report(diagnostics) }
            let (secrets, missing) = configuration.resolveSecrets { ProcessInfo.processInfo.environment[$0] }
            guard !missing.hasErrors else { return report(missing) }
            let setup = ListenerContexts(renewed(by: configuration), offersHTTP2: configuration.offersHTTP2, replacesGood: true)
            guard !setup.diagnostics.hasErrors else { return report(setup.diagnostics) }
            var declared = try SnapshotBuilder(configuration, secrets, dataDirectory: state ?? first.dataDirectory).declared()
            declared.parts.clouds = try CloudEnvironment.read()
            declared.parts.isLoopbackOnly = serving.allSatisfy(\.address.isLoopback)
            declared.parts.listeners = setup.traits
            desk.take(declared)
            adopted(configuration, secrets)
            for change in changesThatWait(configuration) { standardError("sluice: \(change) takes effect with the next start") }
            return ReloadReport()
        } catch {
            return ReloadReport(faults: ["\(error)"])
        }
    }

    private func report(_ diagnostics: [Diagnostic]) -> ReloadReport {
        ReloadReport(faults: diagnostics.filter { $0.severity == .error }.map { $0.told(path: file.path) })
    }

    /// The listeners that serve, with what the file says now of their certificates and of proxies. Whether they speak TLS stays as it is: a port
    /// that was encrypted must not turn to plaintext, nor lose its certificates, because the file no longer has it.
    private func renewed(by configuration: ServerConfiguration) -> [ListenerDeclaration] {
        let wanted = arguments.listeners(or: configuration.listeners)
        return serving.enumerated().map { index, old in
            let isSame = index < wanted.count && wanted[index].address == old.address
            guard let new = isSame ? wanted[index] : wanted.first(where: { $0.address == old.address }) else { return old }
            let tls = old.tls == nil ? nil : new.tls ?? old.tls
            return new.showing(tls)
        }
    }

    /// What a running process cannot change.
    private func changesThatWait(_ configuration: ServerConfiguration) -> [String] {
        var changes: [String] = []
        let isSame = configuration.listen == first.listen && configuration.listeners.map { $0.tls == nil } == first.listeners.map { $0.tls == nil }
        if !isSame { changes.append("\"listen\"") }
        if configuration.workerCount != first.workerCount { changes.append("\"workers\"") }
        if state == nil, configuration.dataDirectory != first.dataDirectory { changes.append("\"data\"") }
        if configuration.log != first.log { changes.append("\"log\"") }
        if configuration.books != first.books { changes.append("\"books\"") }
        if configuration.bounds.number(.cache) != first.bounds.number(.cache) { changes.append("\"limits.cache\"") }
        if configuration.bounds.number(.buffers) != first.bounds.number(.buffers) { changes.append("\"limits.buffers\"") }
        return changes
    }
}

/// Tells when a file has another content: written in place, or replaced as editors and deployments do.
///
/// The directory is watched, since a file that is replaced takes its watch with it.
///
/// Changes from its making on are told, also those before the first `wait`.
final class FileWatch: Sendable {
    private let descriptor: CInt
    private let name: String

    /// Nil where the directory cannot be watched; SIGHUP still works there.
    init?(path: String) {
        let url = URL(fileURLWithPath: path)
        name = url.lastPathComponent
        descriptor = inotify_init1(CInt(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let mask = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO)
        if inotify_add_watch(descriptor, url.deletingLastPathComponent().path, mask) < 0 {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Sleeps until the file has changed, and then until it has not for a while.
    func wait() {
        while !read() {}
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, 50) > 0 { _ = read() }
    }

    /// Takes the events that wait; whether one is of the file, or of a link that may lead to it.
    private func read() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: MemoryLayout<inotify_event>.alignment) { room in
            let count = Glibc.read(descriptor, room.baseAddress, room.count)
            var at = 0
            var isOurs = false
            while count - at >= MemoryLayout<inotify_event>.size {
                let event = room.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                let start = at + MemoryLayout<inotify_event>.size
                let end = min(start + Int(event.len), count)
                let written = String(decoding: room[start..<end].prefix { $0 != 0 }, as: UTF8.self)
                // Kubernetes swaps a link called ..data beside the file's own.
                if written == name || written == "..data" { isOurs = true }
                at = start + Int(event.len)
            }
            return isOurs
        }
    }
}
