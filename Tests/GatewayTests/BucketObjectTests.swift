import Bytes
import Testing

@testable import Gateway

@Suite("Objects in buckets")
struct BucketObjectTests {
    private func object(_ id: String, _ store: BucketObject.Store = .amazon) -> String? {
        BucketObject(store, id: Array(id.utf8)).map { String(decoding: $0.address, as: UTF8.self) }
    }

    @Test("an id is an address, encoded or not", arguments: ["s3://b-1/in/a.jsonl", "s3%3A%2F%2Fb-1%2Fin%2Fa.jsonl", "s3%253A%252F%252Fb-1%252Fin%252Fa.jsonl"])
    func ids(id: String) {
        #expect(object(id) == "s3://b-1/in/a.jsonl")
        #expect(object(id, .google) == nil)
        #expect(object(id.replacing("s3", with: "gs"), .google) == "gs://b-1/in/a.jsonl")
    }

    @Test("what is no address, or leads elsewhere, is none", arguments: [
        "", "file-abc", "s3://", "s3://b-1", "s3://b-1/", "s3:///a", "s3://b-1/../a", "s3://b-1//a", "s3%3A%2F%2Fb-1%2F..%2Fa", "s3://B/a", "s3://b-1/a\r\nx: y",
        "https://b-1/a", "s3://u@h/a", "s3://b-1/a/*",
    ])
    func noIDs(id: String) {
        #expect(object(id) == nil)
    }

    @Test("a key's percent signs are its own")
    func percents() {
        #expect(object("s3://b-1/a%41") == "s3://b-1/a%41")
        #expect(object("s3%3A%2F%2Fb-1%2Fa%2541") == "s3://b-1/a%41")
    }

    @Test("its path keeps the key's segments and encodes the rest", arguments: [
        ("s3://b-1/in/a b+c.jsonl", "/b-1/in/a%20b%2Bc.jsonl"), ("s3://b-1/\u{E9}?#", "/b-1/%C3%A9%3F%23"), ("s3://b-1/a%41", "/b-1/a%2541"),
    ])
    func paths(address: String, path: String) throws {
        let object = try #require(BucketObject(.amazon, address: Array(address.utf8)))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { room in
            guard let base = room.baseAddress else { return }
            var writer = ByteWriter(base, capacity: room.count)
            object.writePath(to: &writer)
            #expect(String(writer.written) == path)
        }
    }

    @Test("a folder ends with a slash, or is the bucket")
    func folders() throws {
        for (address, folder) in [("s3://b-1/in/a.jsonl", "s3://b-1/in/"), ("s3://b-1/a.jsonl", "s3://b-1/")] {
            let object = try #require(BucketObject(.amazon, address: Array(address.utf8)))
            #expect(String(decoding: object.folder.address, as: UTF8.self) == folder)
            #expect(BucketObject(.amazon, address: Array(folder.utf8), isFolder: true) == object.folder)
        }
        #expect(BucketObject(.amazon, address: Array("s3://b-1/a//".utf8), isFolder: true) == nil)
        #expect(BucketObject(.amazon, address: Array("s3://b-1/../".utf8), isFolder: true) == nil)
    }

    @Test("answers to a batch are told by their name", arguments: [
        ("s3://b-1/j/in.jsonl.out", true), ("s3://b-1/in.jsonl", false), ("s3://b-1/.jsonl.out", false), ("s3://b-1/j/manifest.json.out", false),
        ("gs://b-1/d/predictions.jsonl", true), ("gs://b-1/d/000000000000.jsonl", true), ("gs://b-1/in.jsonl", false),
    ])
    func answers(address: String, holdsAnswers: Bool) throws {
        let store: BucketObject.Store = address.hasPrefix("s3") ? .amazon : .google
        #expect(try #require(BucketObject(store, address: Array(address.utf8))).holdsAnswers == holdsAnswers)
    }
}
