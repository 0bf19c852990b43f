import Books
import Bytes
import Foundation
import Ledger
import Testing

@testable import Analytics

@Suite("Kept bodies")
struct BodyFilesTests {
    private static func id(_ number: UInt64, hours: Int64 = 0) -> Identifier {
        Identifier(high: UInt64(State.noon + hours * 3_600_000) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | number)
    }

    private static func bodies(_ text: String) -> KeptBodies {
        var kept = KeptBodies()
        kept.request = KeptMessage()
        kept.request?.line = "POST /v1/chat/completions HTTP/1.1"
        kept.request?.body = Array(text.utf8)
        return kept
    }

    private static func entry(_ number: UInt64, hours: Int64 = 0, _ text: String = "hello") throws -> BodyEntry {
        try #require(BodyEntry(bodies(text), of: id(number, hours: hours)))
    }

    private static func names(_ state: State) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: state.path + "/books/bodies")) ?? []).filter { $0.hasSuffix(".sqlite") }.sorted()
    }

    @Test("what is written is found by its id, in the file of the hour in which its request began")
    func found() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        try files.write([Self.entry(1), Self.entry(2, hours: 1, "later"), Self.entry(3)])
        #expect(try files.bodies(of: Self.id(1)) == Self.bodies("hello"))
        #expect(try files.bodies(of: Self.id(2, hours: 1)) == Self.bodies("later"))
        #expect(try files.bodies(of: Self.id(4)) == nil && files.bodies(of: Self.id(1, hours: 5)) == nil)
        #expect(try files.bodies(of: Identifier(high: .max, low: .max)) == nil && files.bodies(of: Identifier(high: 0, low: 0)) == nil)
        #expect(Self.names(state) == ["2025-11-26-12.sqlite", "2025-11-26-13.sqlite"])
        files.close()
    }

    @Test("whole hours go when they are too old, and no other file with them")
    func age() throws {
        let state = State()
        var settings = BodySettings()
        settings.keepNanoseconds = 2 * 3_600_000_000_000
        let files = BodyFiles(dataDirectory: state.path, settings)
        try files.write([Self.entry(1), Self.entry(2, hours: 1), Self.entry(3, hours: 2)])
        try "mine".write(toFile: state.path + "/books/bodies/notes.sqlite", atomically: true, encoding: .utf8)
        files.upkeep(wallNanoseconds: UInt64(State.noon + 3 * 3_600_000) * 1_000_000)
        #expect(Self.names(state) == ["2025-11-26-13.sqlite", "2025-11-26-14.sqlite", "notes.sqlite"])
        #expect(try files.bodies(of: Self.id(1)) == nil && files.bodies(of: Self.id(2, hours: 1)) != nil)
        files.close()
    }

    @Test("where they take too much the oldest hours go, and the one that is written stays")
    func size() throws {
        let state = State()
        var settings = BodySettings()
        settings.keepByteCount = 1
        let files = BodyFiles(dataDirectory: state.path, settings)
        try files.write([Self.entry(1), Self.entry(2, hours: 1)])
        #expect(files.hindrance == nil)
        files.upkeep(wallNanoseconds: UInt64(State.noon + 3_600_000) * 1_000_000)
        #expect(Self.names(state) == ["2025-11-26-13.sqlite"])
        #expect(files.hindrance?.contains("keep_size") == true)
        files.close()
    }

    @Test("where the disk has little left the oldest hours go, and what comes is not kept until there is room: records need that more")
    func floor() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings()) { _ in (free: 10 << 20, total: 1 << 40) }
        try files.write([Self.entry(1), Self.entry(2, hours: 1)])
        files.upkeep(wallNanoseconds: UInt64(State.noon + 3_600_000) * 1_000_000)
        #expect(Self.names(state) == ["2025-11-26-13.sqlite"])
        #expect(files.hindrance?.contains("the disk has little left") == true)
        let small = BodyFiles(dataDirectory: state.path, BodySettings()) { _ in (free: 10 << 20, total: 100 << 20) }
        small.upkeep(wallNanoseconds: UInt64(State.noon + 3_600_000) * 1_000_000)
        #expect(small.hindrance == nil)
        files.close()
        small.close()
    }

    @Test("a frame that the disk has changed is no bodies, and traps nothing")
    func damaged() throws {
        let whole = try Self.entry(1, String(repeating: "hello there ", count: 50))
        for index in whole.frame.indices {
            var frame = whole.frame
            frame[index] ^= 0x55
            let read = BodyEntry(id: whole.id, byteCount: whole.byteCount, frame: frame).bodies
            // What is written of the frame's own head may say the same in other words; its checksum vouches for the rest.
            #expect(read == nil || read == whole.bodies)
        }
        #expect(BodyEntry(id: whole.id, byteCount: -1, frame: whole.frame).bodies == nil)
        #expect(BodyEntry(id: whole.id, byteCount: .max, frame: whole.frame).bodies == nil)
        #expect(BodyEntry(id: whole.id, byteCount: whole.byteCount - 1, frame: whole.frame).bodies == nil)
    }

    @Test("the thread puts together, writes and counts what rings hold, to the last when it is stopped")
    func keeper() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        let ring = BodyRing(capacity: 1 << 18)
        let keeper = BodyKeeper(files, [ring], BodySettings(), clock: { UInt64(State.noon) * 1_000_000 }) { Issue.record("\($0)") }
        let thread = Thread { keeper.run() }
        thread.start()
        for number in UInt64(1)...40 {
            func push(_ part: BodyPart, _ bytes: [UInt8]) {
                bytes.withByteSlice { slice in
                    withUnsafePointer(to: slice) {
                        #expect(ring.push(part, of: Self.id(number), starts: true, UnsafeBufferPointer(start: $0, count: 1), most: 1000))
                    }
                }
            }
            push(.request, Array("POST /v1/embeddings HTTP/1.1\r\nhost: here\r\n\r\nnumber \(number)".utf8))
            push(.end, [0])
        }
        #expect(keeper.stop())
        for number in UInt64(1)...40 { #expect(try files.bodies(of: Self.id(number))?.request?.body == Array("number \(number)".utf8)) }
        #expect(keeper.metrics().contains("sluice_bodies_kept_total 40\n"))
        files.close()
    }
}
