import Bytes
import JSON
import Testing

@testable import Mock

@Suite("Mock store's bounds")
struct ObjectStoreTests {
    private func job(_ store: ObjectStore) throws -> ObjectStore.Job {
        var tape = JSONTape()
        let text = #"{"modelId":"m","inputDataConfig":{"s3InputDataConfig":{"s3Uri":"s3://b/a"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/"}}}"#
        let parsed = try Array(text.utf8).withByteSlice { text in try ObjectStore.Job(tape.parse(text), isVertex: false) }
        return store.add(try #require(parsed), prefix: "mock")
    }

    @Test("it holds so many bytes, and what is put over an object counts once")
    func bytes() {
        let store = ObjectStore()
        let most = [UInt8](repeating: 0x78, count: MockLimits.storedByteCount - 1)
        #expect(store.put(most, at: [1], now: 0))
        #expect(store.put([1], at: [2], now: 0))
        #expect(!store.put([1], at: [3], now: 0))
        #expect(store.put([2], at: [2], now: 0))
        store.remove(at: [1])
        #expect(store.put([1], at: [3], now: 0))
    }

    @Test("it holds so many objects")
    func objects() {
        let store = ObjectStore()
        for index in 0..<MockLimits.storedObjects { #expect(store.put([], at: Array("\(index)".utf8), now: 0)) }
        #expect(!store.put([], at: [0], now: 0))
    }

    @Test("of so many jobs the oldest makes room")
    func jobs() throws {
        let store = ObjectStore()
        let first = try job(store)
        for _ in 1..<MockLimits.storedJobs { _ = try job(store) }
        func isKnown(_ id: String) -> Bool { Array(id.utf8).withByteSlice { id in store.change(id) { _ in } } != nil }
        #expect(isKnown(first.id))
        let last = try job(store)
        #expect(!isKnown(first.id) && isKnown(last.id) && store.jobs(of: "s3://").count == MockLimits.storedJobs)
    }
}
