import Books
import Bytes
import Glibc
import JSON

@testable import Gateway

/// A gateway that keeps books, in a folder of its own that is gone when the value ends.
final class RecordingGateway {
    let gateway: TestGateway
    private let keeper: Bookkeeper
    private let directory: String

    /// They go when they are nobody's.
    private let upstreams: [ScriptedUpstream]

    init(_ world: World, before upstreams: [ScriptedUpstream] = []) throws {
        self.upstreams = upstreams
        var template = Array("/tmp/sluice-records-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Unexpected("mkdtemp: \(errno)") }
        directory = template.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { String(cString: $0) } ?? "" }
        keeper = try Bookkeeper(dataDirectory: directory, workers: 1, process: 1) { _ in }
        gateway = try TestGateway(world, bookkeeper: keeper)
    }

    deinit {
        gateway.stop()
        for segment in (try? keeper.folder.segments()) ?? [] { unlink(segment.path) }
        for folder in ["/books/journal", "/books", ""] { rmdir(directory + folder) }
    }

    func ask(_ request: String) throws -> Message { try gateway.ask(request) }

    /// Ends the gateway, and returns what it has recorded, in the order of the requests' beginnings.
    func records() throws -> [RequestRecord] {
        gateway.stop()
        var records: [RequestRecord] = []
        for segment in try keeper.folder.segments() {
            var reader = try SegmentReader(segment)
            while case .record(let bytes) = try reader.next() { records.append(try RequestRecord(bytes)) }
        }
        return records.sorted { $0.figures.wallNanoseconds < $1.figures.wallNanoseconds }
    }
}

extension RequestRecord {
    /// Its tries as JSON.
    var tryTexts: [String] { tries.map { String(decoding: $0.json, as: UTF8.self) } }

    /// Its metadata's members, by name.
    var labels: [String: String] { Dictionary(metadataPairs.map { ($0.key, $0.value) }) { first, _ in first } }
}
