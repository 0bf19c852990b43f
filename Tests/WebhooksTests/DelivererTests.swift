import Bytes
import Ledger
import Reactor
import Testing

@testable import Webhooks

@Suite("Delivery to webhooks")
struct DelivererTests {
    private static let day = WebhookLimits.lifeMilliseconds

    @Test("each webhook is told at once, and nothing is left on disk")
    func delivered() throws {
        let bench = try Bench([webhook("a"), webhook("b")])
        let message = bench.tell("{\"x\":1}")
        #expect(bench.folder.files == ["\(message.id)@a", "\(message.id)@b"])
        bench.settle()
        #expect(bench.answers.came.map(\.webhook).sorted() == ["a", "b"])
        #expect(bench.answers.came.allSatisfy { $0.message.id == message.id && $0.message.body == message.body })
        #expect(bench.folder.files.isEmpty)
        #expect(bench.counts("a").delivered == 1 && bench.counts("b").delivered == 1 && bench.counts("a").waiting == 0)
        #expect(bench.answers.lines.isEmpty)
    }

    @Test("a post that fails is tried again with waits that double, is told of once, and once that it is taken")
    func retried() throws {
        let bench = try Bench()
        bench.answers.set("ops", "it answered 503")
        bench.tell()
        bench.settle()
        for (number, seconds) in [1, 2, 4, 8, 16].enumerated() {
            #expect(bench.answers.came.count == number + 1)
            var waited = 0
            while bench.answers.came.count == number + 1, waited < 100_000 {
                bench.pass(milliseconds: 10)
                waited += 10
            }
            // A fifth less is the soonest, a fifth more the latest.
            #expect((seconds * 800 - 10...seconds * 1200 + 10).contains(waited), "\(waited) ms after \(number + 1) tries")
        }
        #expect(bench.counts().retries == 6 && bench.counts().waiting == 1)
        #expect(bench.answers.lines.count == 1 && bench.answers.lines[0].hasPrefix("alert webhook \"ops\" at ops.example: it answered 503; tried again in "))
        bench.answers.set("ops", nil)
        bench.pass(milliseconds: 60_000)
        #expect(bench.counts().delivered == 1 && bench.counts().failed == 0 && bench.folder.files.isEmpty)
        #expect(bench.answers.lines.last == "alert webhook \"ops\" at ops.example takes alerts again" && bench.answers.lines.count == 2)
        #expect(!bench.answers.lines.joined().contains("hidden-path"))
    }

    @Test("a receiver that is down is asked once a minute at most, whatever waits, and others are told meanwhile")
    func dead() throws {
        let bench = try Bench([webhook("dead"), webhook("well")])
        bench.answers.set("dead", "no")
        for _ in 0..<100 { bench.tell() }
        bench.settle()
        #expect(bench.counts("well").delivered == 100)
        bench.pass(milliseconds: 3_600_000)
        let asked = bench.answers.came.filter { $0.webhook == "dead" }.count
        #expect(asked >= 45 && asked <= 90, "\(asked)")
        bench.answers.set("dead", nil)
        bench.pass(milliseconds: 2 * 3_600_000)
        #expect(bench.counts("dead").delivered == 100 && bench.counts("dead").waiting == 0)
    }

    @Test("one message that is never taken keeps no other from its receiver")
    func poison() throws {
        let bench = try Bench()
        bench.answers.set("bad", "it answered 400")
        bench.tell("bad")
        for _ in 0..<20 {
            bench.tell("good")
            bench.pass(milliseconds: 3000)
        }
        #expect(bench.counts().delivered == 20 && bench.counts().waiting == 1)
    }

    @Test("after a day a message is given up, and not before")
    func givenUp() throws {
        let bench = try Bench()
        bench.answers.set("ops", "no")
        let message = bench.tell()
        bench.pass(milliseconds: Self.day - 1)
        #expect(bench.counts().failed == 0 && bench.counts().waiting == 1 && bench.folder.files.count == 1)
        #expect(bench.counts().retries < 50)
        // What is due next comes within an hour and a fifth.
        bench.pass(milliseconds: 4_400_000)
        #expect(bench.counts().failed == 1 && bench.counts().waiting == 0 && bench.folder.files.isEmpty)
        #expect(bench.answers.lines.last == "alert \(message.id) was not delivered to webhook \"ops\" at ops.example within a day, and is given up")
    }

    @Test("as many as may wait do, one more is dropped, and that is told once")
    func full() throws {
        let bench = try Bench()
        bench.answers.set("ops", "no")
        for _ in 0..<WebhookLimits.waiting { bench.tell() }
        #expect(bench.counts().waiting == WebhookLimits.waiting && bench.counts().dropped == 0)
        bench.tell()
        bench.tell()
        #expect(bench.counts().dropped == 2 && bench.counts().waiting == WebhookLimits.waiting)
        #expect(bench.folder.files.count == WebhookLimits.waiting)
        #expect(bench.answers.lines.filter { $0.contains("further ones are dropped") }.count == 1)
        bench.answers.set("ops", nil)
        bench.settle()
        #expect(bench.counts().delivered == UInt64(WebhookLimits.waiting))
    }

    @Test("what a process that has ended left is delivered by the next, as it was")
    func restart() throws {
        let folder = Folder()
        var first: Bench? = try Bench(in: folder)
        first?.answers.set("ops", "no")
        let message = first?.tell("{\"a\":\"ü\"}")
        first?.settle()
        #expect(folder.files.count == 1)
        first = nil
        let second = try Bench(in: folder)
        second.settle()
        #expect(second.answers.came.map(\.message.id) == [message?.id])
        #expect(second.answers.came.first?.message.body == message?.body)
        #expect(folder.files.isEmpty)
        second.pass(milliseconds: 600_000)
        #expect(second.answers.came.count == 1)
    }

    @Test("what a process that lives has is not another's, until it has been there for longer than a try takes")
    func upgrade() throws {
        let folder = Folder()
        let old = try Bench(in: folder)
        old.answers.set("ops", "no")
        old.tell()
        old.settle()
        let new = try Bench(in: folder)
        (new.now, new.wall) = (old.now, old.wall)
        new.pass(milliseconds: WebhookLimits.leftoverMilliseconds - 1)
        #expect(new.answers.came.isEmpty)
        new.pass(milliseconds: 2 * WebhookLimits.leftoverMilliseconds)
        #expect(new.counts().delivered == 1 && folder.files.isEmpty)
        // The old one finds it done.
        old.answers.set("ops", nil)
        old.pass(milliseconds: 120_000)
        #expect(old.counts().delivered == 0 && old.counts().waiting == 0 && old.counts().failed == 0)
    }

    @Test("what waits follows its webhook to where it leads from now on, and is kept for one that is declared again")
    func redeclared() throws {
        let bench = try Bench()
        bench.answers.set("ops", "no")
        bench.tell()
        bench.settle()
        bench.deliverer.declare([])
        #expect(bench.deliverer.dueAt == nil && bench.folder.files.count == 1)
        bench.answers.set("ops", nil)
        bench.deliverer.declare([webhook()])
        bench.settle()
        #expect(bench.counts().delivered == 1 && bench.folder.files.isEmpty)
    }

    @Test("files that are no messages are left alone, drafts and what is too old removed")
    func strangers() throws {
        let folder = Folder()
        func write(_ name: String, _ text: String = "{}") { _ = WebhooksFile.write("\(folder.path)/\(name)", text) }
        var maker = try IdentifierMaker()
        let wall: UInt64 = 1_900_000_000_000_000_000
        let (old, fresh) = (maker.next(wallNanoseconds: wall - Self.day * 1_000_000), maker.next(wallNanoseconds: wall))
        for name in ["notes", "@ops", "\(fresh)", "\(old)@ops", "\(fresh)@other", "\(fresh)@ops"] { write(name) }
        write("\(fresh)@ops~", "{\"cut")
        write("\(fresh)@long", String(repeating: "x", count: WebhookLimits.messageByteCount))
        let bench = try Bench([webhook(), webhook("long")], in: folder)
        bench.settle()
        #expect(bench.answers.came.map(\.message.id) == [fresh])
        #expect(bench.counts().failed == 1)
        #expect(folder.files == ["@ops", "\(fresh)", "\(fresh)@long", "\(fresh)@ops~", "\(fresh)@other", "notes"].sorted())
    }

    @Test("without a disk alerts are told all the same, and the log says what is in the way")
    func noDisk() throws {
        let blocked = Folder()
        _ = WebhooksFile.write("\(blocked.path)/file", "")
        let answers = Answers()
        var deliverer = Deliverer(
            spool: DeliverySpool(path: "\(blocked.path)/file/below"), report: { answers.note($0) }, post: { answers.take($0, $1) })
        deliverer.declare([webhook()])
        var maker = try IdentifierMaker()
        let now = Instant(nanoseconds: 5)
        for _ in 0..<3 { deliverer.tell(WebhookMessage(id: maker.next(wallNanoseconds: 0), body: [0x7B, 0x7D]), now: now) }
        for _ in 0..<4 { deliverer.step(now: now, wallNanoseconds: 0) }
        #expect(answers.came.count == 3 && deliverer.counts["ops"]?.delivered == 3)
        #expect(answers.lines.count == 1 && answers.lines[0].hasPrefix("alerts are not kept over a restart: "), "\(answers.lines)")
    }
}

@Suite("Webhooks' sender")
struct WebhookSenderTests {
    @Test("nobody is told before a webhook is declared, and a sender without any ends at once")
    func idle() throws {
        let folder = Folder()
        let sender = try WebhookSender(folder: folder.path) { _ in }
        #expect(!sender.isWanted && sender.standings.isEmpty)
        #expect(sender.stop())
    }

    @Test("a sender that is stopped has tried what waited, and leaves what was not taken")
    func stopped() throws {
        let folder = Folder()
        let answers = Answers()
        let sender = try WebhookSender(folder: folder.path) { answers.note($0) }
        sender.declare([Webhook(name: "ops", host: "127.0.0.1:1", url: secret("http://127.0.0.1:1/"))])
        #expect(sender.isWanted)
        var maker = try IdentifierMaker()
        let message = WebhookMessage(id: maker.next(wallNanoseconds: wallClockNanoseconds()), body: [0x7B, 0x7D])
        sender.tell(message)
        // A machine that is busy may take its time to load what posts are made with.
        #expect((0..<60).contains { _ in sender.stop() })
        #expect(folder.files == ["\(message.id)@ops"])
        #expect(sender.standings.map(\.name) == ["ops"] && sender.standings[0].counts.retries == 1)
        #expect(answers.lines.count == 1)
        sender.noteLost()
        #expect(sender.standings[0].counts.dropped == 1)
    }
}
