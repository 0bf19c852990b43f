import Bytes
import Glibc
import Ledger
import Reactor
import Synchronization

@testable import Webhooks

func secret(_ text: String) -> SecretBytes { Array(text.utf8).withByteSlice { SecretBytes($0) } }

func webhook(_ name: String = "ops", secret key: String? = nil, fields: [Webhook.Field] = []) -> Webhook {
    Webhook(name: name, host: "\(name).example", url: secret("https://\(name).example/hidden-path"), secret: key.map { secret($0) }, fields: fields)
}

/// A deliverer whose clock a test moves, whose receivers answer as told, and whose folder is its own.
final class Bench {
    let folder = Folder()
    /// What each webhook answers; nil takes.
    let answers = Answers()
    var deliverer: Deliverer
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var wall: UInt64 = 1_900_000_000_000_000_000
    private var identifiers: IdentifierMaker

    init(_ webhooks: [Webhook] = [webhook()], in shared: Folder? = nil) throws {
        identifiers = try IdentifierMaker()
        let answers = answers
        deliverer = Deliverer(
            spool: DeliverySpool(path: (shared ?? folder).path), report: { answers.note($0) }, post: { answers.take($0, $1) })
        deliverer.declare(webhooks)
        deliverer.step(now: now, wallNanoseconds: wall)
    }

    @discardableResult
    func tell(_ text: String = "{}") -> WebhookMessage {
        let message = WebhookMessage(id: identifiers.next(wallNanoseconds: wall), body: Array(text.utf8))
        deliverer.tell(message, now: now)
        return message
    }

    /// Lets so much time pass, and does what is due at each millisecond of it that has something due.
    func pass(milliseconds: UInt64) {
        let end = now.adding(nanoseconds: milliseconds * 1_000_000)
        settle()
        while let due = deliverer.dueAt, due <= end {
            let step = max(due.nanoseconds(since: now), 1)
            now = now.adding(nanoseconds: step)
            wall += step
            deliverer.step(now: now, wallNanoseconds: wall)
        }
        wall += end.nanoseconds(since: now)
        now = max(now, end)
    }

    /// Does what is due now.
    func settle() {
        while let due = deliverer.dueAt, due <= now { deliverer.step(now: now, wallNanoseconds: wall) }
    }

    func counts(_ name: String = "ops") -> WebhookCounts { deliverer.counts[name] ?? WebhookCounts() }
}

/// Receivers as a test wants them, and what came.
final class Answers: Sendable {
    struct Came: Sendable {
        let webhook: String
        let message: WebhookMessage
    }

    private let state = Mutex<(faults: [String: String], came: [Came], lines: [String])>(([:], [], []))

    func take(_ webhook: Webhook, _ post: WebhookPost) -> String? {
        state.withLock { state in
            state.came.append(Came(webhook: webhook.name, message: post.message))
            return state.faults[webhook.name] ?? state.faults[String(decoding: post.message.body, as: UTF8.self)]
        }
    }

    func note(_ line: String) { state.withLock { $0.lines.append(line) } }

    /// What is answered to a webhook's posts, or to those of one body; nil takes.
    func set(_ key: String, _ fault: String?) { state.withLock { $0.faults[key] = fault } }

    var came: [Came] { state.withLock { $0.came } }
    var lines: [String] { state.withLock { $0.lines } }
}

/// A folder that is gone with its test.
final class Folder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/sluice-webhooks-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp/sluice-webhooks"
    }

    deinit {
        for file in files + ["lock"] { unlink("\(path)/\(file)") }
        rmdir(path)
    }

    /// But for the lock.
    var files: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", name != "lock" { names.append(name) }
        }
        return names.sorted()
    }
}

enum WebhooksFile {
    static func write(_ path: String, _ text: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return text.withCString { fputs($0, file) } >= 0
    }
}
