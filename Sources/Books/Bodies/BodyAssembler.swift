public import Bytes
import HTTP
public import Ledger
import Providers

/// Puts the parts of exchanges together, as they come from the rings. No I/O, no clock.
public struct BodyAssembler: ~Copyable {
    private struct Assembly {
        var request: [UInt8] = []
        var sent: [UInt8] = []
        var answer: [UInt8] = []

        var byteCount: Int { request.count + sent.count + answer.count }
    }

    private let redaction: FieldRedaction
    private let most: Int
    private let room: Int
    private var assemblies: [Identifier: Assembly] = [:]
    /// In the order in which they began, those that have ended among them.
    private(set) var order: [Identifier] = []
    private var oldest = 0
    /// Given up, and not over.
    private var abandoned: Set<Identifier> = []
    private(set) var heldByteCount = 0
    private var whole = WholeStream()
    /// Exchanges that were given up for want of room.
    public private(set) var givenUp = 0

    /// - Parameters:
    ///   - most: bytes of a body that are kept.
    ///   - room: bytes that all exchanges under way may have here.
    public init(_ redaction: FieldRedaction, most: Int, room: Int = BooksLimits.bodyAssemblyByteCount) {
        self.redaction = redaction
        self.most = most
        self.room = room
    }

    /// Takes what a worker handed over.
    ///
    /// - Returns: all of its exchange, with its last part; nil for one that was given up, or is not to be kept.
    public mutating func take(_ part: BodyPart, of id: Identifier, starts: Bool, _ bytes: ByteSlice) -> KeptBodies? {
        if part == .end {
            abandoned.remove(id)
            guard let assembly = assemblies.removeValue(forKey: id) else { return nil }
            heldByteCount -= assembly.byteCount
            let flags = BodyFlags(rawValue: bytes.isEmpty ? 0 : bytes[0])
            return flags.contains(.discarded) ? nil : finish(assembly, flags, bytes.count > 1 ? BodyForm(rawValue: bytes[1]) ?? .none : .none, id)
        }
        if abandoned.contains(id) { return nil }
        if assemblies[id] == nil { order.append(id) }
        var assembly = assemblies.removeValue(forKey: id) ?? Assembly()
        heldByteCount -= assembly.byteCount
        switch part {
        case .request: BodyAssembler.add(bytes, starts, to: &assembly.request)
        case .sent: BodyAssembler.add(bytes, starts, to: &assembly.sent)
        case .answer: BodyAssembler.add(bytes, starts, to: &assembly.answer)
        case .end: break
        }
        heldByteCount += assembly.byteCount
        assemblies[id] = assembly
        giveUpOldest()
        return nil
    }

    private mutating func giveUpOldest() {
        while heldByteCount > room, oldest < order.count {
            let id = order[oldest]
            oldest += 1
            guard let assembly = assemblies.removeValue(forKey: id) else { continue }
            heldByteCount -= assembly.byteCount
            givenUp += 1
            abandoned.insert(id)
        }
        // What has ended is passed over once, and taken out when it is most of the list.
        guard order.count > 64, order.count > 2 * (assemblies.count + oldest) || oldest > order.count / 2 else { return }
        order = order[oldest...].filter { assemblies[$0] != nil }
        oldest = 0
    }

    private static func add(_ bytes: ByteSlice, _ starts: Bool, to part: inout [UInt8]) {
        if starts { part.removeAll(keepingCapacity: true) }
        part.append(contentsOf: UnsafeBufferPointer(start: bytes.base, count: bytes.count))
    }

    // MARK: What it comes to

    private mutating func finish(_ assembly: Assembly, _ flags: BodyFlags, _ form: BodyForm, _ id: Identifier) -> KeptBodies {
        var kept = KeptBodies()
        kept.flags = flags
        if case (var head, let body)? = message(assembly.request) {
            // A chunked one has been decoded where it lay.
            head.body = body
            head.cut(to: most, .requestCut, &kept.flags)
            kept.request = head
        }
        if case (var head, let body)? = message(assembly.sent) {
            head.body = body
            head.cut(to: most, .sentCut, &kept.flags)
            kept.sent = head
        }
        if case (var head, let framed)? = message(assembly.answer) {
            let isChunked = head.value(of: "transfer-encoding")?.lowercased() == "chunked"
            var body = isChunked ? BodyAssembler.payload(of: framed) : framed
            if head.value(of: "content-type")?.lowercased().hasPrefix("text/event-stream") == true, !flags.contains(.answerCut),
                let together = whole.put(together: body, as: form, id) {
                body = together
                kept.flags.insert(.assembled)
            }
            head.body = body
            head.cut(to: most, .answerCut, &kept.flags)
            kept.answer = head
        }
        return kept
    }

    /// Head and what is behind it; nil where there is no whole head.
    private func message(_ bytes: [UInt8]) -> (head: KeptMessage, body: [UInt8])? {
        let end = bytes.withByteSlice { $0.firstRange(of: ByteSlice("\r\n\r\n"))?.upperBound }
        guard let end else { return nil }
        var message = KeptMessage()
        // By bytes: a mark that joins the colon or the line's end before it would hide them from whoever looks at characters.
        var isFirst = true
        for line in bytes[..<(end - 4)].split(separator: UInt8(ascii: "\n")) {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if isFirst {
                isFirst = false
                message.line = redaction.line(String(decoding: line, as: UTF8.self))
                continue
            }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            message.fields.append(KeptMessage.Field(name: name, value: redaction.value(String(decoding: value, as: UTF8.self), of: name)))
        }
        guard !isFirst else { return nil }
        return (message, Array(bytes[end...]))
    }

    /// What chunks hold, as far as they go: an answer may have been cut.
    private static func payload(of framed: [UInt8]) -> [UInt8] {
        framed.withByteSlice { bytes in
            var payload: [UInt8] = []
            var decoder = ChunkedDecoder()
            var at = 0
            while let step = try? decoder.next(bytes, from: at), case .payload(let run) = step {
                payload.append(contentsOf: UnsafeBufferPointer(start: bytes.base + run.lowerBound, count: run.count))
                at = run.upperBound
            }
            return payload
        }
    }
}
