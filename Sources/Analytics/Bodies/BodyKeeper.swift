public import Books
import Foundation
import Ledger
import Synchronization

/// Keeps the bodies that workers hand over: puts them together, compresses them and writes them to their files, on a thread of its own.
///
/// Nobody waits for it. What finds no room, in a ring, in memory or on the disk, is dropped and counted; records are not concerned.
public final class BodyKeeper: Sendable {
    public let files: BodyFiles
    private let rings: [BodyRing]
    private let settings: BodySettings
    private let redaction: FieldRedaction
    private let clock: @Sendable () -> UInt64
    private let report: @Sendable (String) -> Void

    private struct Told {
        var bodies: [(KeptBodies, id: Identifier, hour: Int, byteCount: Int)] = []
        var byteCount = 0
        /// Whether nobody takes what comes any more.
        var isOver = false
    }

    /// What others have told of, and the thread has not taken yet.
    private let told = Mutex(Told())

    // Written by whoever stops it, read by its thread.
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = DispatchSemaphore(value: 0)
    // Written by the thread, read for metrics: counts alone.
    private let kept = Atomic<UInt64>(0)
    private let byteCount = Atomic<UInt64>(0)
    private let compressedByteCount = Atomic<UInt64>(0)
    private let givenUp = Atomic<UInt64>(0)
    private let unwritten = Atomic<UInt64>(0)
    // Written by whoever tells, read for metrics: a count alone.
    private let refused = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - clock: nanoseconds since 1970.
    ///   - report: told of what operators should know, a line each.
    public init(
        _ files: BodyFiles, _ rings: [BodyRing], _ settings: BodySettings, clock: @escaping @Sendable () -> UInt64 = DayBooks.now,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.files = files
        self.rings = rings
        self.settings = settings
        redaction = FieldRedaction(keeping: settings.fields)
        self.clock = clock
        self.report = report
    }

    /// Has what somebody has told of a request kept beside its record: its secrets are left out, and what is too long, before it waits. Called from any thread;
    /// waits for no disk.
    public func keep(_ bodies: KeptBodies, of record: RequestRecord) {
        var bodies = bodies
        bodies.leaveOut(by: redaction, most: settings.most)
        let byteCount = bodies.byteCount
        let isTaken = told.withLock { told in
            guard !told.isOver, told.byteCount + byteCount <= AnalyticsLimits.toldBodiesByteCount else { return false }
            told.byteCount += byteCount
            told.bodies.append((bodies, record.identifier, BodyFiles.hour(ofTold: record), byteCount))
            return true
        }
        if !isTaken { refused.add(1, ordering: .relaxed) }
    }

    /// Has the thread end once it has written what it has.
    public func end() { isStopping.store(true, ordering: .releasing) }

    /// The same, and waits for it; false when that has not been so in the time there is.
    public func stop() -> Bool {
        end()
        return hasEnded.wait(timeout: .now() + AnalyticsLimits.busySeconds) == .success
    }

    // MARK: The thread

    /// Keeps until `stop`.
    public func run() {
        var compressor = FrameCompressor()
        var assembler = BodyAssembler(redaction, most: settings.most)
        var batch: [BodyEntry] = []
        var batchByteCount = 0
        var writesAt = DispatchTime.now().uptimeNanoseconds
        var upkeepAt: UInt64 = 0
        var fault = ""
        // Where nothing comes it looks less often.
        var seenAt = DispatchTime.now().uptimeNanoseconds
        while true {
            let isLast = isStopping.load(ordering: .acquiring)
            let now = DispatchTime.now().uptimeNanoseconds
            func add(_ entry: BodyEntry?) {
                guard let entry else {
                    unwritten.add(1, ordering: .relaxed)
                    return
                }
                batchByteCount += entry.frame.count
                batch.append(entry)
            }
            for ring in rings {
                if ring.waitingByteCount > 0 { seenAt = now }
                ring.drain { part, id, starts, bytes in
                    if let bodies = assembler.take(part, of: id, starts: starts, bytes) { add(BodyEntry(bodies, of: id, by: &compressor)) }
                }
            }
            let (toldNow, hasMore) = takeTold(isLast: isLast)
            for (bodies, id, hour, _) in toldNow {
                seenAt = now
                add(BodyEntry(bodies, of: id, hour: hour, by: &compressor))
            }
            givenUp.store(UInt64(assembler.givenUp), ordering: .relaxed)
            if !batch.isEmpty, isLast || now >= writesAt || batchByteCount >= AnalyticsLimits.bodyBatchByteCount {
                let failure = write(batch)
                if let failure, failure != fault { report("bodies: \(failure); they are dropped until it is over") }
                if failure == nil, !fault.isEmpty { report("bodies are kept again") }
                fault = failure ?? ""
                batch.removeAll(keepingCapacity: true)
                batchByteCount = 0
                writesAt = now + UInt64(AnalyticsLimits.intervalMilliseconds) * 1_000_000
            }
            if now >= upkeepAt {
                upkeepAt = now + AnalyticsLimits.bodyUpkeepNanoseconds
                files.upkeep(wallNanoseconds: clock())
            }
            if hasMore { continue }
            if isLast { break }
            let isIdle = now - seenAt > AnalyticsLimits.bodyIdleNanoseconds
            _ = poll(nil, 0, isIdle ? AnalyticsLimits.bodyIdleMilliseconds : AnalyticsLimits.bodyIntervalMilliseconds)
        }
        hasEnded.signal()
    }

    /// As much as may be between two looks into the rings, and whether there is more.
    ///
    /// - Parameter isLast: whether what comes from here on is not taken.
    func takeTold(isLast: Bool) -> (bodies: ArraySlice<(KeptBodies, id: Identifier, hour: Int, byteCount: Int)>, hasMore: Bool) {
        told.withLock { told in
            if isLast { told.isOver = true }
            var (count, byteCount) = (0, 0)
            while count < told.bodies.count, byteCount < AnalyticsLimits.bodyBatchByteCount {
                byteCount += told.bodies[count].byteCount
                count += 1
            }
            let taken = told.bodies.prefix(count)
            told.bodies = Array(told.bodies.dropFirst(count))
            told.byteCount -= byteCount
            return (taken, !told.bodies.isEmpty)
        }
    }

    /// - Returns: why it could not be written.
    private func write(_ batch: [BodyEntry]) -> String? {
        var failure = files.hindrance
        var left = batch.count
        if failure == nil {
            do throws(AnalyticsError) {
                try files.write(batch) { entries in
                    left -= entries.count
                    kept.add(UInt64(entries.count), ordering: .relaxed)
                    byteCount.add(UInt64(entries.reduce(0) { $0 + $1.byteCount }), ordering: .relaxed)
                    compressedByteCount.add(UInt64(entries.reduce(0) { $0 + $1.frame.count }), ordering: .relaxed)
                }
            } catch {
                failure = error.description
            }
        }
        unwritten.add(UInt64(left), ordering: .relaxed)
        return failure
    }

    // MARK: Metrics

    /// In Prometheus's text format.
    public func metrics() -> String {
        let atRings = rings.reduce(0) { $0 + $1.dropped }
        let waiting = rings.reduce(told.withLock { $0.byteCount }) { $0 + $1.waitingByteCount }
        let atMemory = givenUp.load(ordering: .relaxed) + refused.load(ordering: .relaxed)
        return """
            # HELP sluice_bodies_kept_total Requests whose bodies were written.
            # TYPE sluice_bodies_kept_total counter
            sluice_bodies_kept_total \(kept.load(ordering: .relaxed))
            # HELP sluice_bodies_bytes_total What they are, and what is written of that.
            # TYPE sluice_bodies_bytes_total counter
            sluice_bodies_bytes_total{form="plain"} \(byteCount.load(ordering: .relaxed))
            sluice_bodies_bytes_total{form="compressed"} \(compressedByteCount.load(ordering: .relaxed))
            # HELP sluice_bodies_dropped_total Requests of whose bodies some or all found no room: in a worker's ring, in memory, on the disk.
            # TYPE sluice_bodies_dropped_total counter
            sluice_bodies_dropped_total{where="ring"} \(atRings)
            sluice_bodies_dropped_total{where="memory"} \(atMemory)
            sluice_bodies_dropped_total{where="disk"} \(unwritten.load(ordering: .relaxed))
            # HELP sluice_bodies_waiting_bytes What waits in the rings, and what others have told of.
            # TYPE sluice_bodies_waiting_bytes gauge
            sluice_bodies_waiting_bytes \(waiting)
            # HELP sluice_bodies_disk_bytes What the files take.
            # TYPE sluice_bodies_disk_bytes gauge
            sluice_bodies_disk_bytes \(files.byteCount)

            """
    }
}
