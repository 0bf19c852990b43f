import Glibc
import Reactor
import Testing

@testable import Supervisor

@Suite("Messages of the control channel")
struct MessageTests {
    private func fail(_ reason: Comment) { Issue.record(reason) }


    @Test("what is said is what is heard", arguments: [
        ServingMessage.hello(protocolVersion: 1, version: "0.1.0", build: "ab12"), .listen(count: 1, address: "127.0.0.1:8787"),
        .listen(count: 256, address: "unix:/run/a b.sock"), .ready, .draining(milliseconds: .max), .reloading, .reloaded(isAdopted: true),
        .reloaded(isAdopted: false), .alive(7),
    ])
    func serving(message: ServingMessage) { #expect(ServingMessage(message.text) == message) }

    @Test("orders and answers as well", arguments: [
        SupervisorMessage.sockets(total: 256), .refused("cannot listen on 127.0.0.1:1: permission denied"), .order(.stop), .order(.drain),
        .order(.reload), .order(.check(.max)),
    ])
    func supervisor(message: SupervisorMessage) { #expect(SupervisorMessage(message.text) == message) }

    @Test("anything else is nothing", arguments: [
        "", " ", "ready ", "readyy", "hello", "hello 1 2", "hello x 0.1 ab", "listen", "listen 0 127.0.0.1:1", "listen 257 127.0.0.1:1",
        "listen -1 a", "listen 1", "draining", "draining -1", "draining 99999999999999999999", "alive x", "stop now", "sockets 0", "sockets 257",
        "sockets x", "check", "check -1", "refused", "drain 1", "STOP",
    ])
    func garbage(text: String) {
        #expect(ServingMessage(text) == nil)
        #expect(SupervisorMessage(text) == nil)
    }

    @Test("a message keeps its borders, and brings its descriptors")
    func packets() throws {
        let (one, other) = try PacketSocket.pair()
        let (passed, kept) = try PacketSocket.pair()
        try one.send("first", descriptors: [passed.descriptor])
        try one.send("second")
        guard case .message("first", let descriptors) = try other.receive() else { return fail("the first came otherwise") }
        #expect(descriptors.count == 1)
        guard case .message("second", []) = try other.receive() else { return fail("the second came otherwise") }
        guard case .nothing = try other.receive() else { return fail("there is more") }
        // The descriptor leads where it led.
        try PacketSocket(adopting: descriptors[0]).send("through")
        guard case .message("through", _) = try kept.receive() else { return fail("nothing came through") }
    }

    @Test("the end of the other side is heard, and a message longer than any of ours is none")
    func ends() throws {
        var pair = Optional(try PacketSocket.pair())
        let other = try #require(pair?.1)
        try pair?.0.send(String(repeating: "x", count: SupervisorLimits.messageByteCount + 1))
        #expect(throws: SystemError.self) { _ = try other.receive() }
        try pair?.0.send(String(repeating: "x", count: SupervisorLimits.messageByteCount))
        guard case .message = try other.receive() else { return fail("the longest is one") }
        pair = nil
        guard case .end = try other.receive() else { return fail("it has no end") }
    }
}

@Suite("A channel to a serving process that does not read")
struct ServingChannelTests {
    /// Gives orders until the kernel has no room for another.
    private func fill(_ channel: ServingChannel) -> Int {
        var count = 0
        while channel.waiting.isEmpty {
            channel.give(.reload)
            count += 1
        }
        return count
    }

    private func next(_ socket: PacketSocket) throws -> SupervisorMessage? {
        guard case .message(let text, _) = try socket.receive() else { return nil }
        return SupervisorMessage(text)
    }

    @Test("orders wait, one of each kind, and come in order when there is room again")
    func orders() throws {
        let (ours, theirs) = try PacketSocket.pair()
        let channel = ServingChannel(ours)
        let count = fill(channel)
        for number in 1...1000 {
            channel.give(.check(UInt64(number)))
            channel.give(.reload)
        }
        channel.give(.stop)
        #expect(channel.waiting == [.check(1000), .reload, .stop])
        for _ in 1..<count { #expect(try next(theirs) == .order(.reload)) }
        channel.flush()
        #expect(channel.waiting.isEmpty)
        #expect(try next(theirs) == .order(.check(1000)))
        #expect(try next(theirs) == .order(.reload))
        #expect(try next(theirs) == .order(.stop))
        #expect(try next(theirs) == nil)
    }

    @Test("sockets that it does not take are an error, and so is a refusal")
    func sockets() throws {
        let (ours, theirs) = try PacketSocket.pair()
        let channel = ServingChannel(ours)
        _ = fill(channel)
        #expect(throws: SystemError("sendmsg", code: EAGAIN)) { try channel.answer([theirs.descriptor]) }
        #expect(throws: SystemError("sendmsg", code: EAGAIN)) { try channel.refuse("no") }
    }

    @Test("of one that has gone nothing waits")
    func gone() throws {
        let (ours, theirs) = try PacketSocket.pair()
        let channel = ServingChannel(ours)
        _ = fill(channel)
        withExtendedLifetime(theirs) {}
        shutdown(theirs.descriptor, CInt(SHUT_RDWR))
        channel.give(.stop)
        #expect(channel.waiting.isEmpty)
    }
}

@Suite("What a supervisor leaves to the next")
struct InheritanceTests {
    private var full: Inheritance {
        var stage = Stage.serving()
        stage.feed(.ended(pid: 101, .killed(signal: 9)))
        stage.feed(.said(2, .ready))
        _ = stage.upgrade(to: 3)
        stage.feed(.said(2, .draining(milliseconds: 1000)))
        var inheritance = Inheritance()
        stage.supervision.fill(&inheritance)
        inheritance.channels = [2: 7, 3: 8]
        inheritance.listeners = [
            .init(address: "127.0.0.1:0", occurrence: 1, descriptors: [9, 10]),
            .init(address: "unix:/run/a b.sock", occurrence: 0, isOfServiceManager: true, descriptors: [11]),
        ]
        inheritance.asker = 12
        inheritance.requests = 13
        inheritance.pidFile = 14
        return inheritance
    }

    @Test("it is read as it was written")
    func roundTrip() throws {
        let read = try #require(Inheritance(full.text))
        #expect(read == full)
        #expect(read.descriptors.sorted() == [7, 8, 9, 10, 11, 12, 13, 14])
    }

    @Test("the next knows who serves, who drains and until when, and counts on")
    func adoption() throws {
        var supervision = Supervision()
        supervision.adopt(try #require(Inheritance(full.text)))
        #expect(supervision.processes.map(\.role) == [.draining, .current])
        #expect(supervision.nextDeadline != nil)
        #expect(supervision.restartCount == 1 && supervision.upgradeCount == 1 && supervision.lastNumber == 3)
        let actions = supervision.take(.ended(pid: 103, .killed(signal: 11)), at: .now())
        #expect(actions.spawned == [.running], "it keeps the service up as the one before did")
    }

    @Test("what is no state is not taken for one", arguments: ["counts 1 2", "counts a 1 1", "process 1 king 1 1 - - a b", "process x", "listen 0 0  127.0.0.1:1", "asker x", "pidfile", "what", "what 1"])
    func garbage(text: String) { #expect(Inheritance(text) == nil) }
}
