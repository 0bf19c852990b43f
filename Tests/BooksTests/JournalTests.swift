import Bytes
import CLinux
import Foundation
import Testing

@testable import Books

@Suite("Journal")
struct JournalTests {
    private static let noon: UInt64 = 1_764_158_400_000_000_000
    private static let day: UInt64 = 86_400_000_000_000

    private func add(_ numbers: Range<Int>, to writer: inout JournalWriter, at wall: UInt64 = noon) throws {
        for number in numbers {
            let taken = RequestRecord.sample(number).encoded.withByteSlice { writer.add($0) }
            #expect(taken)
        }
        let done = try writer.write(wallNanoseconds: wall)
        #expect(done.records == numbers.count)
    }

    private func made(_ state: StateFolder, process: UInt32 = 7, segment: Int = 64 << 20) throws -> JournalWriter {
        try state.journal.make(in: state.path)
        return JournalWriter(state.journal, process: process, segmentByteCount: segment)
    }

    private func traces(_ state: StateFolder) throws -> [String] { try state.journal.allRecords().records.map(\.trace) }

    @Test("what is written is read while it is written, and after")
    func writeAndRead() throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<100, to: &writer)
        #expect(state.files == ["20251126-120000-00000007-000000.open"])
        #expect(try traces(state) == (0..<100).map { "trace-\($0)" })
        try writer.seal()
        #expect(state.files == ["20251126-120000-00000007-000000.journal"])
        #expect(try traces(state) == (0..<100).map { "trace-\($0)" })
    }

    @Test("a segment ends before it would be larger than is wanted, and with its day (UTC)")
    func rotation() throws {
        let state = StateFolder()
        var writer = try made(state, segment: 64 << 10)
        for batch in 0..<10 { try add(batch * 50..<batch * 50 + 50, to: &writer) }
        #expect(state.files.count > 3)
        for file in state.files { #expect(try state.bytes(of: file).count <= 64 << 10) }
        try add(500..<501, to: &writer, at: Self.noon + Self.day / 2 - 1)
        let before = state.files.count
        try add(501..<502, to: &writer, at: Self.noon + Self.day / 2)
        #expect(state.files.count == before + 1)
        let number = String(repeating: "0", count: before < 10 ? 5 : 4) + "\(before)"
        #expect(state.files.last == "20251127-000000-00000007-\(number).open")
        #expect(try traces(state) == (0..<502).map { "trace-\($0)" })
    }

    @Test("a tail that was torn at any byte is put aside and told, and all before it is kept")
    func tornAnywhere() throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<3, to: &writer)
        try writer.seal()
        let sealed = try #require(state.files.first)
        let whole = try state.bytes(of: sealed)
        let last = Frame.headByteCount + RequestRecord.sample(2).encoded.count
        let name = String(sealed.dropLast(SegmentName.sealedSuffix.count))
        try FileManager.default.removeItem(atPath: state.journal.path + "/" + sealed)
        for cut in 1..<last {
            try state.write(Array(whole.dropLast(cut)), to: name + ".open")
            let reports = Reports()
            try state.journal.recover(own: nil) { reports.add($0) }
            #expect(try traces(state) == ["trace-0", "trace-1"], "cut by \(cut)")
            #expect(try state.bytes(of: name + ".torn") == Array(whole.dropLast(cut).suffix(last - cut)))
            #expect(reports.lines.count == 1)
            #expect(reports.lines.first?.contains("the last \(last - cut) bytes") == true)
            for file in state.files { try FileManager.default.removeItem(atPath: state.journal.path + "/" + file) }
        }
    }

    @Test("zeros behind the last record, as a power failure leaves them, are put aside")
    func zeros() throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<2, to: &writer)
        try writer.seal()
        let sealed = try #require(state.files.first)
        let name = String(sealed.dropLast(SegmentName.sealedSuffix.count))
        try state.write(try state.bytes(of: sealed) + [UInt8](repeating: 0, count: 4096), to: name + ".open")
        try FileManager.default.removeItem(atPath: state.journal.path + "/" + sealed)
        try state.journal.recover(own: nil) { _ in }
        #expect(try traces(state) == ["trace-0", "trace-1"])
        #expect(try state.bytes(of: name + ".torn").count == 4096)
    }

    @Test("any byte that the disk has changed costs its own record alone, its length as well")
    func rot() throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<3, to: &writer)
        try writer.seal()
        let file = try #require(state.files.first)
        let whole = try state.bytes(of: file)
        let frame = Frame.headByteCount + RequestRecord.sample(0).encoded.count
        for offset in stride(from: SegmentHeader.byteCount + frame, to: SegmentHeader.byteCount + 2 * frame, by: 3) {
            var changed = whole
            changed[offset] ^= 0x40
            try state.write(changed, to: file)
            let (records, damaged) = try state.journal.allRecords()
            #expect(records.map(\.trace) == ["trace-0", "trace-2"], "byte \(offset)")
            #expect(damaged == frame)
        }
    }

    @Test("a record that is being written is never taken for a damaged one, however many come behind it meanwhile")
    func readWhileWritten() throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<400, to: &writer)
        try writer.seal()
        let file = try #require(state.files.first)
        let bytes = try state.bytes(of: file)
        try state.write(Array(bytes.prefix(SegmentHeader.byteCount)), to: file)
        let path = state.journal.path + "/" + file
        let thread = Thread {
            let descriptor = open(path, O_WRONLY | O_APPEND)
            // A record takes some writes, and a reader sees it after each.
            for start in stride(from: SegmentHeader.byteCount, to: bytes.count, by: 97) {
                let part = Array(bytes[start..<min(start + 97, bytes.count)])
                _ = write(descriptor, part, part.count)
            }
            close(descriptor)
        }
        thread.start()
        var reader = try SegmentReader(path: path)
        var traces: [String] = []
        while traces.count < 400 {
            switch try reader.next() {
            case .record(let record): traces.append(try RequestRecord(record).trace)
            case .damaged(let count):
                Issue.record("\(count) bytes behind record \(traces.count)")
                return
            case .end, .torn: sched_yield()
            }
        }
        #expect(traces == (0..<400).map { "trace-\($0)" })
    }

    @Test("a bad sector costs the records that lie in it, and none behind it", arguments: [512, 4096, 20_000])
    func badSector(byteCount: Int) throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<200, to: &writer)
        try writer.seal()
        let file = try #require(state.files.first)
        var bytes = try state.bytes(of: file)
        let frame = (bytes.count - SegmentHeader.byteCount) / 200
        for offset in 10_000..<10_000 + byteCount { bytes[offset] = 0xFF }
        try state.write(bytes, to: file)
        let (records, damaged) = try state.journal.allRecords()
        #expect(records.count >= 200 - byteCount / frame - 3)
        #expect(records.last?.trace == "trace-199")
        #expect(damaged >= byteCount && damaged < byteCount + 3 * frame)
    }

    @Test("an offset that a segment does not have is behind its end", arguments: [Int64.max, Int64.max - 3, 1 << 62, .min])
    func foreignOffset(offset: Int64) throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<1, to: &writer)
        let segment = try #require(try state.journal.segments().first)
        var reader = try SegmentReader(segment, from: offset)
        switch try reader.next() {
        case .end: #expect(offset > 0)
        case .record: #expect(offset < 0)
        case .damaged, .torn: Issue.record("\(offset) is in the middle of something")
        }
    }

    @Test("a segment that was sealed since it was found is read under its new name")
    func sealedMeanwhile() throws {
        let state = StateFolder()
        var writer = try made(state)
        try add(0..<1, to: &writer)
        let segment = try #require(try state.journal.segments().first)
        try writer.seal()
        var reader = try SegmentReader(segment)
        guard case .record = try reader.next() else {
            Issue.record("no record")
            return
        }
    }

    @Test("one that cannot be sealed yet is told, and holds up no other")
    func unsealable() throws {
        let state = StateFolder()
        do {
            var dead = try made(state, process: 2)
            try add(0..<1, to: &dead)
        }
        try FileManager.default.createDirectory(atPath: state.journal.path + "/20251126-110000-00000001-000000.open", withIntermediateDirectories: false)
        let reports = Reports()
        try state.journal.recover(own: nil) { reports.add($0) }
        #expect(state.files.last == "20251126-120000-00000002-000000.journal")
        #expect(reports.lines.count == 1)
        #expect(reports.lines.first?.hasPrefix("20251126-110000-00000001-000000 cannot be sealed yet: ") == true)
    }

    @Test("a segment whose process lives is left alone; one whose process has ended is sealed")
    func liveAndDead() throws {
        let state = StateFolder()
        var alive = try made(state, process: 1)
        try add(0..<1, to: &alive)
        try state.journal.recover(own: nil) { _ in }
        #expect(state.files == ["20251126-120000-00000001-000000.open"])
        do {
            var dead = try made(state, process: 2)
            try add(1..<2, to: &dead)
        }
        try state.journal.recover(own: nil) { _ in }
        #expect(state.files == ["20251126-120000-00000001-000000.open", "20251126-120000-00000002-000000.journal"])
        try add(2..<3, to: &alive)
        try alive.seal()
        #expect(Set(try traces(state)) == ["trace-0", "trace-1", "trace-2"])
    }

    @Test("segments without a record, and drafts, are not kept")
    func empty() throws {
        let state = StateFolder()
        try state.journal.make(in: state.path)
        try state.write(SegmentHeader.bytes, to: "20251126-120000-00000001-000000.open")
        try state.write(Array(SegmentHeader.bytes.prefix(5)), to: "20251126-120000-00000001-000001.new")
        try state.write(Array("something else".utf8), to: "notes.txt")
        try state.journal.recover(own: nil) { _ in }
        #expect(state.files == ["notes.txt"])
    }

    @Test("a segment of a later program is neither read nor changed")
    func laterVersion() throws {
        let state = StateFolder()
        try state.journal.make(in: state.path)
        var bytes = SegmentHeader.bytes
        bytes[8] = 9
        try state.write(bytes, to: "20251126-120000-00000001-000000.open")
        try state.journal.recover(own: nil) { _ in }
        #expect(state.files == ["20251126-120000-00000001-000000.open"])
        #expect(throws: JournalError.otherVersion(path: state.journal.path + "/20251126-120000-00000001-000000.open", found: 9)) { try state.journal.allRecords() }
    }

    @Test("sealed segments that are too old, or too many, are removed, the oldest first, unless they are needed")
    func retention() throws {
        let state = StateFolder()
        var writer = try made(state, segment: 64 << 10)
        for batch in 0..<8 { try add(batch * 100..<batch * 100 + 100, to: &writer) }
        let files = state.files
        let sizes = try files.map { Int64(try state.bytes(of: $0).count) }
        let total = sizes.reduce(0, +)
        let first = try #require(SegmentName(String(files[0].dropLast(8))))
        _ = try state.journal.retire(olderThan: 0, keeping: total) { _ in true }
        #expect(state.files == files)
        _ = try state.journal.retire(olderThan: 0, keeping: total - 1) { $0 != first }
        #expect(state.files == [files[0]] + files[2...])
        let (removed, left) = try state.journal.retire(olderThan: 0, keeping: total - sizes[1] - 1) { _ in true }
        #expect(removed == 1)
        #expect(left == total - sizes[0] - sizes[1])
        _ = try state.journal.retire(olderThan: .max, keeping: .max) { _ in true }
        #expect(state.files.allSatisfy { $0.hasSuffix(".open") })
        #expect(state.files.count == 1)
    }

    @Test("what cannot be written is written when it can be, once, and what does not fit meanwhile is refused")
    func diskFails() throws {
        let state = StateFolder()
        var writer = try made(state)
        try FileManager.default.removeItem(atPath: state.journal.path)
        _ = RequestRecord.sample(0).encoded.withByteSlice { writer.add($0) }
        #expect(throws: JournalError.self) { try writer.write(wallNanoseconds: Self.noon) }
        #expect(throws: JournalError.self) { try writer.write(wallNanoseconds: Self.noon) }
        #expect(RequestRecord.sample(1).encoded.withByteSlice { writer.add($0) })
        try state.journal.make(in: state.path)
        #expect(try writer.write(wallNanoseconds: Self.noon).records == 2)
        #expect(try traces(state) == ["trace-0", "trace-1"])
    }

    @Test("a batch takes as many records as fit, and no more")
    func batch() throws {
        let state = StateFolder()
        var writer = try made(state)
        let record = RequestRecord.sample(0).encoded
        var count = 0
        while record.withByteSlice({ writer.add($0) }) { count += 1 }
        #expect(count == BooksLimits.batchByteCount / (Frame.headByteCount + record.count))
        #expect(try writer.write(wallNanoseconds: Self.noon).records == count)
    }

    @Test(
        "a name says when, whose and which; what is none is not read",
        arguments: [
            ("20251126-120000-00000007-000000", true), ("20240229-235959-ffffffff-999999", true), ("20250229-120000-00000007-000000", false),
            ("20251126-240000-00000007-000000", false), ("20251126-120000-0000000G-000000", false), ("20251126-120000-0000000A-000000", false),
            ("20251126-1200-00000007-000000", false), ("", false), ("19691231-000000-00000000-000000", false),
        ])
    func names(text: String, isName: Bool) {
        #expect((SegmentName(text) != nil) == isName)
        if let name = SegmentName(text) { #expect(name.description == text) }
    }

    @Test("a segment is gone where it has neither name, and not where nobody can tell")
    func gone() throws {
        let state = StateFolder()
        try state.journal.make(in: state.path)
        let name = try #require(SegmentName("20251126-120000-00000007-000000"))
        #expect(state.journal.isGone(name))
        for suffix in [".open", ".journal"] {
            try state.write([], to: name.description + suffix)
            #expect(!state.journal.isGone(name))
            try FileManager.default.removeItem(atPath: state.journal.path + "/" + name.description + suffix)
        }
        try FileManager.default.removeItem(atPath: state.journal.path)
        try Data().write(to: URL(fileURLWithPath: state.journal.path))
        #expect(!state.journal.isGone(name))
    }

    @Test("names sort by time")
    func nameOrder() throws {
        let texts = ["20251126-120000-00000007-000001", "20251126-120000-00000007-000002", "20251126-120001-00000001-000000", "20251127-000000-00000001-000000"]
        let names = try texts.map { try #require(SegmentName($0)) }
        #expect(names.shuffled().sorted() == names)
    }
}
