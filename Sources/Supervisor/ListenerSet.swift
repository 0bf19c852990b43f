import CLinux
import Glibc
import Reactor

/// The listening sockets that a supervisor holds: they stay what they are whatever becomes of those who accept from them, so that a
/// connection waits in the kernel rather than being refused.
///
/// The number of an address's sockets is that of its first asker: one more would get connections that nobody of an earlier process
/// accepts, and one less would lose those that wait in it.
struct ListenerSet {
    private struct Group {
        let address: String
        /// Which of those with the same text: port 0 may be listed twice.
        let occurrence: Int
        let descriptors: [CInt]
        /// The process it was opened for; nil for the service manager's.
        let opener: Int?
        /// The processes that asked for it, by number.
        var askers: Set<Int>

        func close() {
            for descriptor in descriptors { Glibc.close(descriptor) }
        }
    }

    private var groups: [Group] = []
    private var isClosed = false

    /// Sockets for `address`, opened when nobody asked for it before.
    mutating func sockets(for address: String, count: Int, asker: Int) throws(ListenError) -> [CInt] {
        guard !isClosed else { throw ListenError("the service is stopping") }
        let occurrence = groups.count { $0.address == address && $0.askers.contains(asker) }
        if let index = groups.firstIndex(where: { $0.address == address && $0.occurrence == occurrence }) {
            groups[index].askers.insert(asker)
            return groups[index].descriptors
        }
        guard groups.count < SupervisorLimits.addresses else { throw ListenError("more than \(SupervisorLimits.addresses) addresses") }
        guard let parsed = SocketAddress(described: address) else { throw ListenError("\(address) is no address") }
        let descriptors = try ListenerGroup.open(parsed, count: count)
        groups.append(Group(address: address, occurrence: occurrence, descriptors: descriptors, opener: asker, askers: [asker]))
        return descriptors
    }

    /// Takes over a listener that the service manager opened.
    /// - Returns: its address, or nil when it is none.
    mutating func adopt(_ descriptor: CInt) -> String? {
        guard linux_is_listener(descriptor) == 1 else { return nil }
        linux_adopt_listener(descriptor, CInt(ReactorLimits.unsentByteCount))
        let address = Listener.address(of: descriptor).description
        let occurrence = groups.count { $0.address == address }
        groups.append(Group(address: address, occurrence: occurrence, descriptors: [descriptor], opener: nil, askers: []))
        return address
    }

    /// Closes what none of `askers` asked for: they are those that accept from now on. The service manager's stay open: it has them in any
    /// case, so that nobody else could open them again.
    mutating func keep(those askers: [Int]) {
        func isKept(_ group: Group) -> Bool { group.opener == nil || !group.askers.isDisjoint(with: askers) }
        for group in groups where !isKept(group) { group.close() }
        groups.removeAll { !isKept($0) }
    }

    /// A process is gone. What was opened for it alone is closed, unless its successor will ask again.
    mutating func forget(_ asker: Int, hasSuccessor: Bool) {
        for index in groups.indices { groups[index].askers.remove(asker) }
        guard !hasSuccessor else { return }
        for group in groups where group.askers.isEmpty && group.opener == asker { group.close() }
        groups.removeAll { $0.askers.isEmpty && $0.opener == asker }
    }

    /// Closes all, for good.
    mutating func close() {
        for group in groups { group.close() }
        groups = []
        isClosed = true
    }

    /// Addresses that nobody has asked for.
    var unasked: [String] { groups.filter { $0.askers.isEmpty }.map(\.address) }

    // MARK: Over execve(2)

    var inheritance: [Inheritance.Listeners] {
        groups.map { group in
            Inheritance.Listeners(
                address: group.address, occurrence: group.occurrence, isOfServiceManager: group.opener == nil, descriptors: group.descriptors)
        }
    }

    init() {}

    /// - Parameter asker: who asked for all of them.
    init(_ inheritance: [Inheritance.Listeners], asker: Int) {
        groups = inheritance.map { group in
            Group(
                address: group.address, occurrence: group.occurrence, descriptors: group.descriptors, opener: group.isOfServiceManager ? nil : asker,
                askers: [asker])
        }
    }
}
