public import Books
import Bytes
import Foundation
public import Ledger
import Synchronization

/// How bodies are kept.
public struct BodySettings: Sendable, Equatable {
    public var keepNanoseconds: UInt64 = 3 * 86_400_000_000_000
    public var keepByteCount: Int64 = 10 << 30
    /// Of one body.
    public var most = 1 << 20
    /// Fields whose values are kept beside those that are known to hold no secret.
    public var fields: [String] = []

    public init() {}
}

/// The files with bodies in a folder for state: an hour's requests each, apart from their rows, and gone sooner. Used from any thread.
public final class BodyFiles: Sendable {
    private let directory: String
    private let settings: BodySettings
    private let open = Mutex(Open())
    // Written by upkeep, read for metrics: a count alone.
    private let diskByteCount = Atomic<Int64>(0)
    // Written by upkeep, read before each batch: whether the disk has so little left that bodies leave it to others.
    private let isShort = Atomic<Bool>(false)
    private let freeBytes: @Sendable (String) -> (free: Int64, total: Int64)?

    /// Files that are held open, by their hours.
    private struct Open {
        var files: [Int: BodyFile] = [:]
        /// That which was used last stands last.
        var order: [Int] = []

        mutating func use(_ hour: Int) -> BodyFile? {
            guard let file = files[hour] else { return nil }
            order.removeAll { $0 == hour }
            order.append(hour)
            return file
        }

        mutating func remove(_ hour: Int) {
            files[hour] = nil
            order.removeAll { $0 == hour }
        }
    }

    public convenience init(dataDirectory: String, _ settings: BodySettings) {
        self.init(dataDirectory: dataDirectory, settings) { BodyFiles.space(of: $0) }
    }

    /// - Parameter freeBytes: of the disk that has a folder, what is left and what there is.
    init(dataDirectory: String, _ settings: BodySettings, freeBytes: @escaping @Sendable (String) -> (free: Int64, total: Int64)?) {
        self.freeBytes = freeBytes
        directory = dataDirectory + "/books/bodies"
        self.settings = settings
    }

    /// Those that are there, to be read; nil where there are none.
    public static func existing(in dataDirectory: String) -> BodyFiles? {
        let files = BodyFiles(dataDirectory: dataDirectory, BodySettings())
        return FileManager.default.fileExists(atPath: files.directory) ? files : nil
    }

    /// What is kept of a request; nil where nothing is.
    public func bodies(of id: Identifier) throws(AnalyticsError) -> KeptBodies? {
        guard let file = try file(hour: BodyFiles.hour(of: id)) else { return nil }
        return try file.read(id)
    }

    /// The same by its record. What others have told of lies in the hour that its teller says, and a span's end, which an event has, may be in the next.
    public func bodies(of record: RequestRecord) throws(AnalyticsError) -> KeptBodies? {
        guard record.figures.flags.contains(.reported) else { return try bodies(of: record.identifier) }
        let hour = BodyFiles.hour(ofTold: record)
        for hour in record.span.isEmpty ? [hour] : [hour, hour + 1, hour - 1] {
            if let found = try file(hour: hour)?.read(record.identifier) { return found }
        }
        return nil
    }

    /// An hour whose file is at fault holds up no other: what was wrong with the first is thrown at the end.
    ///
    /// - Parameter isWritten: told what is, an hour's at once.
    func write(_ entries: [BodyEntry], _ isWritten: ([BodyEntry]) -> Void = { _ in }) throws(AnalyticsError) {
        var fault: AnalyticsError?
        for (hour, entries) in Dictionary(grouping: entries, by: \.hour).sorted(by: { $0.key < $1.key }) {
            do throws(AnalyticsError) {
                guard let file = try file(hour: hour, makes: true) else { continue }
                try file.write(entries)
                isWritten(entries)
            } catch {
                fault = fault ?? error
            }
        }
        if let fault { throw fault }
    }

    public func close() {
        open.withLock { open in
            for file in open.files.values { file.close() }
            open = Open()
        }
    }

    /// What the files take, as of the last upkeep.
    var byteCount: Int64 { diskByteCount.load(ordering: .relaxed) }

    /// Hours whose files are held open.
    var openHours: [Int] { open.withLock { $0.files.keys.sorted() } }

    // MARK: Files

    /// Since 1970. An identifier begins with its milliseconds.
    static func hour(of id: Identifier) -> Int { Int(id.high >> 16) / 3_600_000 }

    /// A span's id has its day alone.
    static func hour(ofTold record: RequestRecord) -> Int { Int(record.figures.wallNanoseconds / 3_600_000_000_000) }

    /// `2026-11-28-17.sqlite`
    static func fileName(hour: Int) -> String {
        let rest = hour % 24
        return DayBooks.fileName(day: hour / 24) + (rest < 10 ? "-0\(rest)" : "-\(rest)") + DayFile.suffix
    }

    static func hour(ofFile name: String) -> Int? {
        guard name.hasSuffix(DayFile.suffix) else { return nil }
        let stem = name.dropLast(DayFile.suffix.count)
        guard let dash = stem.lastIndex(of: "-"), let rest = Int(stem[stem.index(after: dash)...]), (0..<24).contains(rest),
            let day = DayBooks.day(ofFile: String(stem[..<dash]) + DayFile.suffix)
        else { return nil }
        let hour = day * 24 + rest
        return fileName(hour: hour) == name ? hour : nil
    }

    private func path(hour: Int) -> String { directory + "/" + BodyFiles.fileName(hour: hour) }

    private func file(hour: Int, makes: Bool = false) throws(AnalyticsError) -> BodyFile? {
        if let known = open.withLock({ $0.use(hour) }) { return known }
        // What is no identifier of this millennium names no file.
        guard (0..<BodyFiles.hours).contains(hour), makes || FileManager.default.fileExists(atPath: path(hour: hour)) else { return nil }
        if makes { try makeDirectory() }
        let file = try BodyFile(path: path(hour: hour))
        return open.withLock { open in
            if let known = open.use(hour) { return known }
            // One that is let go is closed when nobody reads it any more.
            if open.files.count >= AnalyticsLimits.openBodyFiles, let idle = open.order.first { open.remove(idle) }
            open.files[hour] = file
            return open.use(hour)
        }
    }

    /// There is none until something is kept.
    private func makeDirectory() throws(AnalyticsError) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unusable(path: directory, detail: error.localizedDescription)
        }
    }

    /// Of the years up to 9999.
    private static let hours = 2_932_897 * 24

    private static func space(of directory: String) -> (free: Int64, total: Int64)? {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return nil }
        let unit = Int64(clamping: status.f_frsize)
        func bytes(_ blocks: UInt) -> Int64 {
            let (product, overflowed) = Int64(clamping: blocks).multipliedReportingOverflow(by: unit)
            return overflowed ? .max : product
        }
        return (bytes(status.f_bavail), bytes(status.f_blocks))
    }

    /// Removes files whose hour is too old, and the oldest when all take too much or the disk has little left: never that of the hour that is written.
    ///
    /// - Parameter wallNanoseconds: since 1970.
    func upkeep(wallNanoseconds: UInt64) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let hours = names.compactMap { BodyFiles.hour(ofFile: $0) }.sorted()
        let sizes = hours.map { hour in ["", "-wal", "-shm"].reduce(Int64(0)) { $0 + BodyFiles.byteCount(path(hour: hour) + $1) } }
        let now = Int(wallNanoseconds / 3_600_000_000_000)
        let first = Int((wallNanoseconds - min(wallNanoseconds, settings.keepNanoseconds)) / 3_600_000_000_000)
        var total = sizes.reduce(0, +)
        let space = freeBytes(directory)
        let floor = space.map { min(AnalyticsLimits.bodyFloorByteCount, $0.total / AnalyticsLimits.bodyFloorShare) } ?? 0
        var free = space?.free ?? .max
        for (index, hour) in hours.enumerated() where hour < first || (total > settings.keepByteCount || free < floor) && hour < now {
            open.withLock { $0.remove(hour) }
            for suffix in ["", "-wal", "-shm"] { unlink(path(hour: hour) + suffix) }
            total -= sizes[index]
            if free < .max { free += sizes[index] }
        }
        isShort.store(free < floor, ordering: .relaxed)
        diskByteCount.store(total, ordering: .relaxed)
    }

    /// Why what comes is not kept: this hour's bodies alone take all that bodies may, or the disk has little left, which records need more.
    var hindrance: String? {
        if byteCount > settings.keepByteCount { return "this hour's take all that bodies may (books.bodies.keep_size)" }
        return isShort.load(ordering: .relaxed) ? "the disk has little left, and records need that" : nil
    }

    private static func byteCount(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
