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
    private var heldByteCount = 0
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
    /// - Returns: all of its exchange, with its last part.
    public mutating func take(_ part: BodyPart, of id: Identifier, starts: Bool, _ bytes: ByteSlice) -> KeptBodies? {
        if part == .end {
            let assembly = assemblies.removeValue(forKey: id) ?? Assembly()
            heldByteCount -= assembly.byteCount
            return finish(assembly, BodyFlags(rawValue: bytes.isEmpty ? 0 : bytes[0]), id)
        }
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
        // An identifier begins with its time: the least is the oldest.
        while heldByteCount > room, let oldest = assemblies.keys.min(by: { ($0.high, $0.low) < ($1.high, $1.low) }) {
            heldByteCount -= assemblies.removeValue(forKey: oldest)?.byteCount ?? 0
            givenUp += 1
        }
        return nil
    }

    private static func add(_ bytes: ByteSlice, _ starts: Bool, to part: inout [UInt8]) {
        if starts { part.removeAll(keepingCapacity: true) }
        part.append(contentsOf: UnsafeBufferPointer(start: bytes.base, count: bytes.count))
    }

    // MARK: What it comes to

    private mutating func finish(_ assembly: Assembly, _ flags: BodyFlags, _ id: Identifier) -> KeptBodies {
        var kept = KeptBodies()
        kept.flags = flags
        if case (var head, let body)? = message(assembly.request) {
            // A chunked one has been decoded where it lay.
            head.body = cut(body, .requestCut, &kept.flags)
            kept.request = head
        }
        if case (var head, let body)? = message(assembly.sent) {
            head.body = cut(body, .sentCut, &kept.flags)
            kept.sent = head
        }
        if case (var head, let framed)? = message(assembly.answer) {
            let isChunked = head.value(of: "transfer-encoding")?.lowercased() == "chunked"
            var body = isChunked ? BodyAssembler.payload(of: framed) : framed
            if head.value(of: "content-type")?.lowercased().hasPrefix("text/event-stream") == true, !flags.contains(.answerCut), let request = kept.request,
                let together = whole.put(together: body, answering: request, id) {
                body = together
                kept.flags.insert(.assembled)
            }
            head.body = cut(body, .answerCut, &kept.flags)
            kept.answer = head
        }
        return kept
    }

    private func cut(_ body: [UInt8], _ flag: BodyFlags, _ flags: inout BodyFlags) -> [UInt8] {
        guard body.count > most else { return body }
        flags.insert(flag)
        return Array(body[..<most])
    }

    /// Head and what is behind it; nil where there is no whole head.
    private func message(_ bytes: [UInt8]) -> (head: KeptMessage, body: [UInt8])? {
        let end = bytes.withByteSlice { $0.firstRange(of: ByteSlice("\r\n\r\n"))?.upperBound }
        guard let end else { return nil }
        var message = KeptMessage()
        let lines = String(decoding: bytes[..<(end - 4)], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first else { return nil }
        let words = first.split(separator: " ", omittingEmptySubsequences: false)
        // A request's target may bring credentials; an answer's line has none.
        let isRequest = words.count == 3 && !first.hasPrefix("HTTP/")
        message.line = isRequest ? "\(words[0]) \(redaction.target(words[1])) \(words[2])" : String(first)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = String(line[..<colon])
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            message.fields.append(KeptMessage.Field(name: name, value: redaction.value(String(value), of: name)))
        }
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
