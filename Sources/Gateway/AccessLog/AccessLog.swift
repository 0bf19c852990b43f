import Bytes
import CLinux
import Glibc
import JSON
import Reactor
import Synchronization

/// Where access lines go, and in which form.
public struct AccessLogSettings: Sendable {
    public enum Format: Sendable { case json, text }

    public enum Destination: Sendable {
        case standardOutput
        case standardError
        case file(String)
    }

    public var format: Format
    public var destination: Destination

    public init(format: Format, destination: Destination) {
        self.format = format
        self.destination = destination
    }
}

/// One line a request, where lines are wanted, and its place in the metrics: by a thread of its own.
///
/// Workers push records into their rings and never wait; the thread looks every 20 ms while they push many, otherwise every 200, and as soon
/// as a ring is half full: a busy gateway's lines leave in few large writes, and another's thread mostly sleeps.
final class AccessLog: Sendable {
    let metrics: RequestMetrics
    /// Negative where no lines are wanted.
    private let descriptor: CInt
    private let ownsDescriptor: Bool
    private let format: AccessLogSettings.Format
    private let rings: [AccessRing]
    private let due: Signal

    // Written by whoever stops the log, read by its thread; publishes nothing else.
    private let isStopping = Atomic<Bool>(false)

    /// - Parameter settings: nil where requests are only counted.
    init(_ settings: AccessLogSettings?, workers: Int, labels: MetricSettings = MetricSettings()) throws(SystemError) {
        metrics = RequestMetrics(labels)
        format = settings?.format ?? .json
        let due = try Signal()
        self.due = due
        rings = (0..<workers).map { _ in AccessRing(labels: labels, halfFull: due) }
        switch settings?.destination {
        case nil: (descriptor, ownsDescriptor) = (-1, false)
        case .standardOutput: (descriptor, ownsDescriptor) = (STDOUT_FILENO, false)
        case .standardError: (descriptor, ownsDescriptor) = (STDERR_FILENO, false)
        case .file(let path):
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            if descriptor < 0 { throw SystemError("open", code: errno) }
            ownsDescriptor = true
        }
    }

    deinit { if ownsDescriptor { close(descriptor) } }

    func ring(worker: Int) -> AccessRing { rings[worker] }

    /// Writes until `stop`, then once more.
    func run() {
        var line = AccessLine()
        let capacity = 256 << 10
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { buffer.deallocate() }
        var last = false
        while true {
            let count = writeWaiting(buffer, capacity: capacity, &line)
            if last { return }
            last = isStopping.load(ordering: .relaxed)
            let isBusy = count >= GatewayLimits.accessLogBusyCount
            if !last { due.wakeup.wait(milliseconds: isBusy ? GatewayLimits.accessLogIntervalMilliseconds : GatewayLimits.accessLogLongIntervalMilliseconds) }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        due.wakeup.signal()
    }

    /// How many records waited.
    private func writeWaiting(_ buffer: UnsafeMutablePointer<UInt8>, capacity: Int, _ line: inout AccessLine) -> Int {
        var writer = ByteWriter(buffer, capacity: capacity)
        var count = 0
        for ring in rings {
            ring.drain { record, tries in
                count += 1
                metrics.note(&record)
                guard descriptor >= 0 else { return }
                if writer.count + GatewayLimits.accessLineByteCount > capacity {
                    write(writer.written)
                    writer = ByteWriter(buffer, capacity: capacity)
                }
                switch format {
                case .json: line.appendJSON(&record, tries, to: &writer)
                case .text: line.appendText(&record, tries, to: &writer)
                }
            }
            let dropped = ring.takeDropped()
            guard dropped > 0 else { continue }
            metrics.noteDropped(dropped)
            if descriptor >= 0 { appendDropped(dropped, to: &writer) }
        }
        write(writer.written)
        return count
    }

    private func write(_ bytes: ByteSlice) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.base, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                // A full disk must not stop the gateway; the lines of this batch are lost with it.
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    private func appendDropped(_ count: Int, to writer: inout ByteWriter) {
        switch format {
        case .json:
            writer.append("{\"level\":\"warning\",\"message\":\"access lines dropped: the log fell behind\",\"count\":")
            writer.append(decimal: count)
            writer.append("}\n")
        case .text:
            writer.append("warning: ")
            writer.append(decimal: count)
            writer.append(" access lines dropped: the log fell behind\n")
        }
    }
}
