import Bytes
import Synchronization

/// Objects in buckets and the jobs run over them, shared by all workers of one server: a small S3, a small Cloud Storage, and the batches of
/// Bedrock and Vertex AI.
final class ObjectStore: Sendable {
    struct Object {
        var content: [UInt8]
        /// Seconds since 1970.
        var modifiedAt: UInt64
    }

    /// A batch, of either cloud.
    struct Job {
        var id: String
        var model: [UInt8]
        var name: [UInt8]
        var role: [UInt8] = []
        var isConverse = true
        var input: [UInt8]
        /// The folder of its answers.
        var output: [UInt8]
        var hours: Int?
        /// Counted from 1.
        var serial = 0
        /// How often it has been asked about: each time it is one state further.
        var lookCount = 0
        var isStopped = false
        /// Empty unless it came to nothing.
        var fault = ""
        var succeeded = 0
        var failed = 0
    }

    private struct Contents {
        /// By scheme, bucket and key: `s3://bucket/key`.
        var objects: [[UInt8]: Object] = [:]
        var byteCount = 0
        var jobs: [Job] = []
        var serial = 0
    }

    // Taken for the length of a look-up or a copy; requests about objects are few.
    private let contents = Mutex(Contents())

    func object(at address: [UInt8]) -> Object? { contents.withLock { $0.objects[address] } }

    /// False when the store is full.
    func put(_ content: [UInt8], at address: [UInt8], now: UInt64) -> Bool {
        contents.withLock { contents in
            let byteCount = contents.byteCount - (contents.objects[address]?.content.count ?? 0) + content.count
            guard byteCount <= MockLimits.storedByteCount, contents.objects.count < MockLimits.storedObjects else { return false }
            contents.objects[address] = Object(content: content, modifiedAt: now)
            contents.byteCount = byteCount
            return true
        }
    }

    func remove(at address: [UInt8]) {
        contents.withLock { contents in
            guard let old = contents.objects.removeValue(forKey: address) else { return }
            contents.byteCount -= old.content.count
        }
    }

    /// Keeps a new job, under an id of its own; the oldest makes room.
    func add(_ job: Job, prefix: String) -> Job {
        contents.withLock { contents in
            contents.serial += 1
            var job = job
            job.serial = contents.serial
            // Twelve digits and letters, as Bedrock's; Vertex AI's are digits.
            let digits = String(contents.serial)
            job.id = prefix + String(repeating: "0", count: max(0, 12 - prefix.utf8.count - digits.utf8.count)) + digits
            if contents.jobs.count >= MockLimits.storedJobs { contents.jobs.removeFirst() }
            contents.jobs.append(job)
            return job
        }
    }

    /// Changes the job with this id, and returns what it has become; nil when there is none.
    func change(_ id: ByteSlice, _ change: (inout Job) -> Void) -> Job? {
        contents.withLock { contents in
            guard let index = contents.jobs.firstIndex(where: { Array($0.id.utf8).withByteSlice { $0 == id } }) else { return nil }
            change(&contents.jobs[index])
            return contents.jobs[index]
        }
    }

    /// The latest jobs of one cloud's first.
    func jobs(of scheme: StaticString) -> [Job] {
        contents.withLock { contents in contents.jobs.reversed().filter { job in job.input.withByteSlice { $0.hasPrefix(scheme) } } }
    }

    func removeAll() { contents.withLock { $0 = Contents() } }
}
