import Glibc
import Reactor
import Testing

@Suite("Mailbox")
struct MailboxTests {
    @Test("messages come out in the order they were sent, once")
    func keepsOrder() throws {
        let mailbox = try Mailbox<Int>()
        for number in 0..<10 { #expect(mailbox.send(number)) }
        #expect(mailbox.receiveAll() == Array(0..<10))
        #expect(mailbox.receiveAll().isEmpty)
    }

    @Test("what is posted is never lost, however full it is, and crowds out nothing that is sent")
    func posts() throws {
        let mailbox = try Mailbox<Int>()
        for number in 0..<5000 { mailbox.post(number) }
        #expect(mailbox.send(5000))
        while mailbox.send(-1) {}
        mailbox.post(5001)
        let received = mailbox.receiveAll().filter { $0 >= 0 }
        #expect(received == Array(0...5001))
        #expect(mailbox.send(1))
    }

    @Test("its descriptor is readable while messages wait, and not after they were received")
    func wakes() throws {
        let mailbox = try Mailbox<Int>()
        let poller = try Poller()
        try poller.watchLevel(mailbox.descriptor, .readable, token: 5)
        #expect(poller.wait(milliseconds: 0) == 0)
        mailbox.send(1)
        mailbox.send(2)
        #expect(poller.next() == [Ready(5, .readable)])
        #expect(mailbox.receiveAll() == [1, 2])
        #expect(poller.wait(milliseconds: 0) == 0)
    }

    @Test("a full mailbox refuses, keeps what it has, and takes again once it is emptied")
    func isBounded() throws {
        let mailbox = try Mailbox<Int>()
        for number in 0..<ReactorLimits.mailboxCapacity { #expect(mailbox.send(number)) }
        #expect(!mailbox.send(-1))
        #expect(mailbox.receiveAll() == Array(0..<ReactorLimits.mailboxCapacity))
        #expect(mailbox.send(-1))
    }

    @Test("what several threads send arrives complete, each thread's in its order, at a loop that sleeps between")
    func takesFromManyThreads() throws {
        let mailbox = try Mailbox<(sender: Int, number: Int)>()
        let senders = try (0..<4).map { sender in
            try Thread.start("sender") {
                for number in 0..<2000 {
                    while !mailbox.send((sender, number)) { usleep(100) }
                }
            }
        }
        let poller = try Poller()
        try poller.watchLevel(mailbox.descriptor, .readable, token: 1)
        var counts = [0, 0, 0, 0]
        while counts.reduce(0, +) < 8000 {
            guard poller.wait(milliseconds: 5000) == 1 else { break }
            for message in mailbox.receiveAll() {
                #expect(message.number == counts[message.sender])
                counts[message.sender] += 1
            }
        }
        for sender in senders { sender.join() }
        #expect(counts == [2000, 2000, 2000, 2000])
    }
}

@Suite("Wake-up")
struct WakeupTests {
    @Test("many signals are one event, and clearing ends it")
    func coalesces() throws {
        let wakeup = try Wakeup()
        let poller = try Poller()
        try poller.watchLevel(wakeup.descriptor, .readable, token: 1)
        for _ in 0..<100 { wakeup.signal() }
        #expect(poller.next().count == 1)
        wakeup.clear()
        #expect(poller.wait(milliseconds: 0) == 0)
        wakeup.clear()
        #expect(poller.wait(milliseconds: 0) == 0, "clearing what is clear blocks nobody")
    }

    @Test("a signal from another thread ends a wait without limit")
    func wakesASleeper() throws {
        let mailbox = try Mailbox<Int>()
        let poller = try Poller()
        try poller.watchLevel(mailbox.descriptor, .readable, token: 1)
        let other = try Thread.start("waker") {
            usleep(20_000)
            mailbox.send(1)
        }
        #expect(poller.wait(milliseconds: -1) == 1)
        other.join()
    }
}
