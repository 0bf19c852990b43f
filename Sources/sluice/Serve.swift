public import ArgumentParser
import CLinux
public import Configuration
import Console
import Exporters
import Foundation
import Gateway
import Glibc
import Office
import Policy
import Reactor
import Supervisor

/// `sluice serve`: the gateway.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the gateway.",
        discussion: """
            Without a configuration it listens on 127.0.0.1:8787 with a built-in mock provider, so that the first \
            request is answered with no account anywhere.
            """)

    @Option(help: "The configuration file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: "Where to listen: ADDRESS:PORT or unix:PATH; may be repeated. Overrides the file.")
    var listen: [String] = []

    @Option(help: "Certificate to serve TLS with, and those that vouch for it (PEM): of every address that has none in the file.", completion: .file())
    var tlsCertificate: String?

    @Option(help: "Its private key (PEM), which nobody else may read.", completion: .file())
    var tlsKey: String?

    @Option(help: "Worker threads (default: one a core).")
    var workers: Int?

    @Option(help: "Folder for state, made when it is not there: turns on the store of keys, credentials and configs (default: $SLUICE_DATA, or what the file says).")
    var data: String?

    @Option(help: "Form of the access log: json or text.")
    var logFormat: LogSettings.Format?

    @Flag(help: "Serve in this process, with none to restart it or to change its binary.")
    var noSupervisor = false

    @Option(help: ArgumentHelp("Write the process id there, for sluice upgrade.", valueName: "file"))
    var pidFile: String?

    @Option(help: ArgumentHelp("For a restarted or upgraded process to be ready.", valueName: "seconds"))
    var readyTimeout = Int(SupervisorLimits.readyNanoseconds / 1_000_000_000)

    @Option(help: ArgumentHelp("End and restart a process of which a worker does not turn for so long; 0 for never.", valueName: "seconds"))
    var hangTimeout = Int(SupervisorLimits.hangNanoseconds / 1_000_000_000)

    @Flag(help: "Let a crash leave a core file. It holds credentials and requests.")
    var coreDumps = false

    func validate() throws {
        if let workers, !(1...256).contains(workers) { throw ValidationError("--workers takes a number from 1 to 256") }
        if (tlsCertificate == nil) != (tlsKey == nil) { throw ValidationError("--tls-certificate and --tls-key go together") }
        let longest = Int(SupervisorLimits.longestReadyNanoseconds / 1_000_000_000)
        if !(1...longest).contains(readyTimeout) { throw ValidationError("--ready-timeout takes seconds from 1 to \(longest)") }
        let longestHang = Int(SupervisorLimits.longestHangNanoseconds / 1_000_000_000)
        if !(0...longestHang).contains(hangTimeout) { throw ValidationError("--hang-timeout takes seconds from 1 to \(longestHang), or 0 for never") }
    }

    func run() throws {
        do {
            if !coreDumps { ProcessStart.forbidCoreDumps() }
            // The supervisor has the sockets of all addresses.
            ProcessStart.raiseDescriptorLimit()
            let link = try ServingLink.open(alone: noSupervisor)
            ProcessStart.takeName(isSupervised: link?.isSupervised ?? false)
            if let link { return try serve(link) }
            var settings = Supervisor.Settings(arguments: CommandLine.arguments)
            settings.readyNanoseconds = UInt64(readyTimeout) * 1_000_000_000
            settings.hangNanoseconds = hangTimeout > 0 ? UInt64(hangTimeout) * 1_000_000_000 : nil
            settings.pidFile = pidFile
            let status = try Supervisor(settings).run()
            if status != 0 { throw ExitCode(status) }
        } catch let error as StartFault {
            standardError("sluice: \(error)")
            throw ExitCode(1)
        } catch let error as StartError {
            standardError("sluice: \(error)")
            throw ExitCode(1)
        }
    }

    /// What the serving process does; the supervisor's is in `Supervisor`.
    private func serve(_ link: ServingLink) throws {
        link.hello(version: Version.number, build: ProcessStart.buildIdentifier())
        let pidFile = try link.isSupervised ? nil : pidFile.map { try PidFile(at: $0) }
        defer { pidFile?.remove() }
        var arguments = ListenArguments(addresses: try listen.map { try address($0) })
        if let tlsCertificate, let tlsKey {
            arguments.certificate = TLSDeclaration.Certificate(chain: FileReference(argument: tlsCertificate), key: FileReference(argument: tlsKey))
        }
        // Before the file is read: what changes from then on is noticed.
        let fileWatch = config.flatMap { FileWatch(path: $0) }
        let state = data ?? ProcessInfo.processInfo.environment["SLUICE_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        let plan = try config.map { try ServePlan(file: ConfigurationFile(path: $0), overriding: arguments, state: state) } ?? ServePlan(embedded: arguments)
        let listen = try plan.listeners.map { try $0.address.socketAddress() }
        let workers = workers ?? plan.workers ?? Int(linux_processor_count())
        guard let sockets = try sockets(of: link, for: listen, workers: workers) else { return }
        // Before anybody is served by it; a disk may take its time.
        let folder = state ?? plan.configuration?.dataDirectory
        let store = try folder.map { try ServingStore(in: $0) }
        let books = try folder.flatMap { try Bookkeeping(in: $0, plan.configuration, workers: workers) }
        let desk = SnapshotDesk(
            plan.declared, store?.objects, pepper: store?.pepper, limits: { SpendingBuilder.terms(of: $0, in: folder ?? "") },
            policies: { SpendingBuilder.policies($0, in: folder ?? "") },
            note: { standardError("sluice: \($0)") })
        let watch = store?.watch(desk)
        let file = FileObjects(plan.configuration, plan.parts.catalog)
        let admin = store.flatMap { store in watch.map { AdminDesk(store, $0, file, books: books) } }
        let gateway = try Gateway(
            desk.first(), listen: listen, sockets: sockets, workers: workers, accessLog: accessLog(plan.log), labels: labels(plan.configuration?.metrics),
            history: ServiceHistory(restartCount: link.restartCount, upgradeCount: link.upgradeCount), backOffice: AdminDesk.office(admin),
            bookkeeper: books?.keeper)
        desk.serve { gateway.adopt($0) }
        admin?.serve(gateway)
        if let watch { try ServingStore.start(watch) }
        try books?.start(plan.exporters)
        let oldBodies = try folder.flatMap { try Bookkeeping.upkeepOfBodies(in: $0, plan.configuration?.books ?? BooksDeclaration()) }
        if books == nil, !plan.exporters.isEmpty {
            standardError("sluice: exporters have nothing to send: requests are recorded with a folder for state (--data)")
        }
        let following = Following(
            arguments: arguments, state: state, file: fileWatch, desk: desk, store: watch, admin: admin, exporters: books?.exporters)
        follow(plan, following, gateway, link)
        link.ready()
        // Only now: who reads it may count on being served again after a crash.
        for line in plan.greeting(gateway.addresses) { standardError(line) }
        ServingCalls(gateway, link).answer()
        plan.mock?.stop()
        let isStoreAtRest = (watch?.stop() ?? true) && !gateway.isAdministered
        let isAllTold = OpenBooks.end()
        let areBooksAtRest = [books?.stop() ?? true, oldBodies?.stop() ?? true] == [true, true]
        let isAtRest = areBooksAtRest && isStoreAtRest && isAllTold
        if isAtRest { store?.close() }
        guard gateway.operations.reloads.isUnderWay || !isAtRest else { return }
        // What exit(3) tears down, those threads may be using.
        pidFile?.remove()
        _exit(0)
    }

    /// Sockets for each address; nil when the process is to stop before it has served.
    private func sockets(of link: ServingLink, for addresses: [SocketAddress], workers: Int) throws -> [[CInt]]? {
        do throws(ListenError) {
            var sockets: [[CInt]] = []
            for address in addresses {
                guard let group = try link.sockets(for: address, count: workers) else { return nil }
                sockets.append(group)
            }
            return sockets
        } catch {
            throw StartError("\(error)")
        }
    }

    /// What a gateway is told of while it serves.
    private struct Following {
        let arguments: ListenArguments
        let state: String?
        let file: FileWatch?
        let desk: SnapshotDesk
        let store: StoreWatch?
        let admin: AdminDesk?
        let exporters: ExporterDesk?
    }

    /// Has the gateway follow its configuration file, and its keyring.
    private func follow(_ plan: ServePlan, _ following: Following, _ gateway: Gateway, _ link: ServingLink) {
        let reloads = gateway.operations.reloads
        let (store, admin, exporters) = (following.store, following.admin, following.exporters)
        let reloader = config.flatMap { path in
            plan.configuration.map {
                Reloader(
                    ConfigurationFile(path: path), following.arguments, state: following.state, serving: plan.listeners, first: $0, desk: following.desk
                ) {
                    admin?.take(FileObjects($0, $0.catalog))
                    exporters?.declare(ExporterBuilder.exporters($1))
                }
            }
        }
        guard reloader != nil || store != nil else { return }
        reloads.setReader {
            link.reloading()
            var report = reloader?.reload() ?? ReloadReport()
            do { try store?.reload() } catch { report.faults.append("store: \(error)") }
            link.reloaded(isAdopted: report.faults.isEmpty)
            return report
        }
        guard let path = config else { return }
        guard let watch = following.file else { return standardError("sluice: \(path) is not watched; SIGHUP has it read again") }
        _ = try? Thread.start("file watch") {
            while true {
                watch.wait()
                reloads.ask(because: "the file has changed")
            }
        }
    }

    private func address(_ text: String) throws -> ListenAddress {
        do {
            return try ListenAddress(text)
        } catch {
            throw ValidationError("--listen \(text): \(error.message); \(error.hint)")
        }
    }

    private func labels(_ declared: MetricsDeclaration?) -> MetricSettings {
        var settings = MetricSettings()
        guard let declared else { return settings }
        settings.labels = declared.labels.map { label in
            switch label {
            case .model: .model
            case .payloadSize: .payloadSize
            case .key: .key
            case .config: .config
            case .metadata(let name): .metadata(name)
            }
        }
        settings.constants = declared.constants.map { MetricSettings.Constant(name: $0.name, value: $0.value) }
        if let series = declared.series { settings.seriesCount = series }
        return settings
    }

    private func accessLog(_ settings: LogSettings) -> AccessLogSettings? {
        let format: AccessLogSettings.Format = (logFormat ?? settings.format) == .json ? .json : .text
        return switch settings.access {
        case .off: nil
        case .standardError: AccessLogSettings(format: format, destination: .standardError)
        case .standardOutput: AccessLogSettings(format: format, destination: .standardOutput)
        case .file(let path): AccessLogSettings(format: format, destination: .file(path))
        }
    }
}

extension LogSettings.Format: ExpressibleByArgument {}

extension ListenAddress {
    func socketAddress() throws(StartError) -> SocketAddress {
        switch self {
        case .ip(let host, let port):
            guard let address = SocketAddress(numeric: host, port: port) else { throw StartError("\(self) is no address") }
            return address
        case .unix(let path):
            guard let address = SocketAddress(localPath: path) else { throw StartError("\(path) is too long for a Unix socket") }
            return address
        }
    }
}
