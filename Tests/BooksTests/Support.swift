import Bytes
import Foundation
import Ledger
import Providers

@testable import Books

/// A folder for state that is gone with the value.
final class StateFolder {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "sluice-books-\(UUID().uuidString)").path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var journal: JournalFolder { JournalFolder(dataDirectory: path) }

    /// Names of the files in the journal's folder.
    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: journal.path)) ?? []).sorted() }

    func bytes(of file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: journal.path + "/" + file))) }

    func write(_ bytes: [UInt8], to file: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: journal.path + "/" + file)) }
}

/// What a bookkeeper has told.
final class Reports: @unchecked Sendable {
    // Unchecked: behind the lock.
    private let lock = NSLock()
    private var told: [String] = []

    var lines: [String] { lock.withLock { told } }
    func add(_ line: String) { lock.withLock { told.append(line) } }
}

extension RequestRecord {
    /// One with every field set, told from others by `number`.
    static func sample(_ number: Int) -> RequestRecord {
        var record = RequestRecord()
        record.figures.identifier = Identifier(high: UInt64(number) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
        record.figures.wallNanoseconds = 1_764_198_924_000_000_000 + UInt64(number) * 1_000_000
        record.figures.totalNanoseconds = 812_000_000
        record.figures.firstByteNanoseconds = 210_000_000
        record.figures.firstTokenNanoseconds = 230_000_000
        record.figures.gatewayNanoseconds = 41_000
        record.figures.status = 200
        record.figures.attempts = 2
        record.figures.flags = [.stream, .counted]
        record.figures.blame = .none
        record.figures.cache = .miss
        record.figures.receivedByteCount = 412
        record.figures.sentByteCount = 70_000
        record.figures.cost = 325_000
        record.figures.saved = 0
        record.figures.savedInputTokens = 3
        record.figures.savedOutputTokens = 4
        record.figures.usage.input = 12
        record.figures.usage.cachedRead = 1
        record.figures.usage.cacheWrite5m = 2
        record.figures.usage.cacheWrite1h = 3
        record.figures.usage.audioInput = 4
        record.figures.usage.output = 345
        record.figures.usage.reasoning = 5
        record.figures.usage.audioOutput = 6
        record.figures.usage.audioCached = 7
        record.figures.usage.imageInput = 8
        record.figures.usage.imageCached = 9
        record.figures.usage.imageOutput = 10
        record.figures.usage.webSearches = 11
        record.figures.promptVersion = 3
        record.figures.configVersion = 4
        record.figures.queueNanoseconds = 9_000_000
        record.figures.connectNanoseconds = 8_000_000
        record.trace = "trace-\(number)"
        record.span = "span"
        record.parentSpan = "parent"
        record.spanName = "name of a span"
        record.organisation = "org"
        record.workspace = "ws"
        record.key = "key-id"
        record.keyName = "search-team"
        record.certificate = "CN=a"
        record.virtualKey = "openai-prod"
        record.metadata = "{\"team\":\"search\",\"_user\":\"ada\"}"
        record.user = "ada"
        record.config = "chat"
        record.configDigest = "9f2c01ab"
        record.prompt = "pp-hello-0a1b2c"
        record.promptID = "0193ffff-0000-7000-8000-000000000000"
        record.endpoint = "chat.completions"
        record.method = "POST"
        record.path = "/v1/chat/completions"
        record.provider = "openai"
        record.model = "gpt-4o"
        record.served = "gpt-4o-2024-08-06"
        record.target = "config.targets[0]"
        record.attempts = "[{\"target\":\"config.targets[0]\",\"status\":503,\"ms\":120,\"why\":\"first\"}]"
        record.priceBook = "2026-11-26"
        record.error = "upstream_timeout"
        record.finishReason = "stop"
        record.peer = "127.0.0.1"
        record.agent = "OpenAI/Python 2.30.0"
        record.sdk = "portkey-2.3.4"
        record.gatewayVersion = "0.9.1"
        record.figures.mode = .fallback
        record.serviceTier = "default"
        record.limits = "key:search-team\nworkspace:search"
        record.guardrails = "[{\"id\":\"no-secrets\",\"side\":\"input\",\"verdict\":true,\"deny\":false}]"
        return record
    }

    /// Its bytes in the journal.
    var encoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: BooksLimits.recordByteCount) { room, count in
            guard let base = room.baseAddress else { return }
            var writer = RecordWriter(base)
            write(to: &writer)
            count = writer.byteCount
        }
    }
}

extension JournalFolder {
    /// Every record of every segment, and how many bytes were found damaged.
    func allRecords() throws -> (records: [RequestRecord], damaged: Int) {
        var records: [RequestRecord] = []
        var damaged = 0
        for segment in try segments() {
            var reader = try SegmentReader(path: segment.path)
            reading: while true {
                switch try reader.next() {
                case .record(let bytes): records.append(try RequestRecord(bytes))
                case .damaged(let count): damaged += count
                case .end, .torn: break reading
                }
            }
        }
        return (records, damaged)
    }
}
