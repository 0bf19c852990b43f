import Bytes
import CCares
import CLinux
import Glibc

/// A c-ares channel, and an epoll instance of its own for its sockets.
///
/// c-ares opens and closes sockets as it sees fit. Kept in a nested epoll instance they are one
/// descriptor to the worker, readable when any of them has something to do.
struct ResolverChannel: ~Copyable {
    let descriptor: CInt
    private let settings: Settings
    private var channel: ares_channel

    struct Settings {
        /// `address:port` separated by commas; the system's when nil.
        let servers: String?
        let attemptTimeoutMilliseconds: Int
        let attempts: Int
    }

    init(_ settings: Settings) throws(ResolverSetupError) {
        (descriptor, channel) = try ResolverChannel.openBoth(settings)
        self.settings = settings
    }

    deinit {
        // Answers every open question with ARES_EDESTRUCTION, and takes its sockets out of epoll.
        ares_destroy(channel)
        close(descriptor)
    }

    private static func openBoth(_ settings: Settings) throws(ResolverSetupError) -> (CInt, ares_channel) {
        let descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        if descriptor < 0 { throw .system(SystemError("epoll_create1", code: errno)) }
        do throws(ResolverSetupError) {
            return (descriptor, try open(settings, descriptor))
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func open(_ settings: Settings, _ descriptor: CInt) throws(ResolverSetupError) -> ares_channel {
        var channel: ares_channel?
        // The callback needs to know the epoll instance and nothing else: its number is the pointer.
        let owner = UnsafeMutableRawPointer(bitPattern: Int(descriptor))
        let status = cares_open(
            &channel, CInt(settings.attemptTimeoutMilliseconds), CInt(settings.attempts), socketChanged, owner)
        guard status == ARES_SUCCESS, let channel else { throw .library(reason: words(status)) }
        if let servers = settings.servers {
            let status = ares_set_servers_ports_csv(channel, servers)
            guard status == ARES_SUCCESS else {
                ares_destroy(channel)
                throw .servers(servers, reason: words(status))
            }
        }
        return channel
    }

    /// Reads the system's configuration anew. Nothing must be being asked.
    mutating func reopen() {
        precondition(nanosecondsToWait == nil, "questions on their way would be dropped")
        // The old configuration is better than none.
        guard let newer = try? ResolverChannel.open(settings, descriptor) else { return }
        ares_destroy(channel)
        channel = newer
    }

    private static func words(_ status: CInt) -> String {
        ares_strerror(status).map { String(cString: $0) } ?? "status \(status)"
    }

    /// Asks for one family of a name. `question` is retained until it is answered, which may be at once.
    borrowing func ask(_ question: ResolverQuestion) {
        let family = question.version == .v4 ? AF_INET : AF_INET6
        let retained = Unmanaged.passRetained(question).toOpaque()
        question.lookup.terminatedName.withUnsafeBufferPointer { name in
            cares_ask(channel, name.baseAddress, family, questionAnswered, retained)
        }
    }

    /// Serves the sockets that are ready, and the attempts whose time is up.
    borrowing func process() {
        var events = InlineArray<16, epoll_event>(repeating: epoll_event())
        // What finds no place among sixteen is reported again: the sockets are level-triggered.
        let count = withUnsafeMutableBytes(of: &events) { bytes in
            epoll_wait(descriptor, bytes.baseAddress?.assumingMemoryBound(to: epoll_event.self), 16, 0)
        }
        for index in 0..<max(0, Int(count)) {
            let event = events[index]
            let socket = CInt(truncatingIfNeeded: event.data.u64)
            // An error is told to whichever side is waited for.
            let failed = event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
            ares_process_fd(
                channel, failed || event.events & EPOLLIN.rawValue != 0 ? socket : ARES_SOCKET_BAD,
                failed || event.events & EPOLLOUT.rawValue != 0 ? socket : ARES_SOCKET_BAD)
        }
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
    }

    /// Nanoseconds until an attempt's time is up; nil when nothing is being asked.
    var nanosecondsToWait: UInt64? {
        let milliseconds = cares_wait_milliseconds(channel)
        return milliseconds < 0 ? nil : UInt64(milliseconds) * 1_000_000
    }
}

/// One family of one name, on its way.
final class ResolverQuestion {
    let lookup: ResolverLookup
    let version: IPAddress.Version
    /// Which asking of the name this belongs to: an answer may come after its time.
    let round: UInt32
    private let resolver: Unmanaged<Resolver>

    init(_ lookup: ResolverLookup, _ version: IPAddress.Version, of resolver: Resolver) {
        self.lookup = lookup
        self.version = version
        round = lookup.round
        // Unretained: the resolver's channel answers every question before the resolver ends.
        self.resolver = Unmanaged.passUnretained(resolver)
    }

    func answer(_ status: CInt, _ result: UnsafeMutablePointer<ares_addrinfo>?) {
        // The resolver is being taken apart: it must not be touched.
        guard status != ARES_EDESTRUCTION else { return }
        let answer = status == ARES_SUCCESS ? FamilyAnswer(result, version) : FamilyAnswer.failed(error(status))
        resolver.takeUnretainedValue().take(answer, for: self)
    }

    private func error(_ status: CInt) -> ResolverError {
        switch status {
        case ARES_ENOTFOUND: .notFound
        case ARES_ENODATA: .noAddress
        case ARES_ETIMEOUT: .timedOut
        case ARES_ESERVFAIL, ARES_EREFUSED, ARES_ENOTIMP, ARES_EFORMERR, ARES_ECONNREFUSED: .serverFailure
        case ARES_EBADNAME, ARES_EBADQUERY: .invalidName
        default: .malformedAnswer
        }
    }
}

/// What came back for one family.
enum FamilyAnswer {
    case none
    case addresses([IPAddress], lifeNanoseconds: UInt64)
    case failed(ResolverError)

    var isNone: Bool { if case .none = self { true } else { false } }

    /// Reads c-ares' list; its life is the shortest TTL of any record on the way.
    init(_ result: UnsafeMutablePointer<ares_addrinfo>?, _ version: IPAddress.Version) {
        var addresses: [IPAddress] = []
        var seconds = CInt.max
        var node = result?.pointee.nodes
        while let current = node {
            if let address = FamilyAnswer.address(current), address.version == version,
                addresses.count < ResolverLimits.addressesPerFamily, !addresses.contains(address)
            {
                addresses.append(address)
                seconds = min(seconds, current.pointee.ai_ttl)
            }
            node = current.pointee.ai_next
        }
        var alias = result?.pointee.cnames
        while let current = alias {
            seconds = min(seconds, current.pointee.ttl)
            alias = current.pointee.next
        }
        guard !addresses.isEmpty else {
            self = .failed(.noAddress)
            return
        }
        let life = UInt64(max(0, seconds)) * 1_000_000_000
        self = .addresses(
            addresses,
            lifeNanoseconds: min(max(life, ResolverLimits.shortestLifeNanoseconds), ResolverLimits.longestLifeNanoseconds))
    }

    private static func address(_ node: UnsafeMutablePointer<ares_addrinfo_node>) -> IPAddress? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { bytes in
            guard let start = bytes.baseAddress else { return nil }
            return IPAddress(bytes: ByteSlice(start, count: Int(cares_node_bytes(node, start))))
        }
    }
}

/// Why a resolver could not be made.
public enum ResolverSetupError: Error, Equatable, CustomStringConvertible {
    case system(SystemError)
    case library(reason: String)
    case servers(String, reason: String)

    public var description: String {
        switch self {
        case .system(let error): "name resolution cannot start: \(error)"
        case .library(let reason): "name resolution cannot start: \(reason)"
        case .servers(let servers, let reason): "\"\(servers)\" is no list of name servers: \(reason)"
        }
    }
}

/// c-ares' socket callback: keeps the epoll instance in step.
private func socketChanged(_ owner: UnsafeMutableRawPointer?, _ socket: ares_socket_t, _ readable: CInt, _ writable: CInt) {
    let descriptor = CInt(truncatingIfNeeded: Int(bitPattern: owner))
    var event = epoll_event()
    if readable != 0 { event.events |= EPOLLIN.rawValue }
    if writable != 0 { event.events |= EPOLLOUT.rawValue }
    event.data.u64 = UInt64(UInt32(bitPattern: socket))
    if event.events == 0 {
        epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, &event)
    } else if epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event) < 0 {
        // Not known yet. Should adding fail too, the attempt runs into its timeout.
        epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event)
    }
}

/// c-ares' answer callback: gives up the retained question.
private func questionAnswered(
    _ argument: UnsafeMutableRawPointer?, _ status: CInt, _ timeouts: CInt, _ result: UnsafeMutablePointer<ares_addrinfo>?
) {
    defer { if let result { ares_freeaddrinfo(result) } }
    guard let argument else { return }
    Unmanaged<ResolverQuestion>.fromOpaque(argument).takeRetainedValue().answer(status, result)
}
