import Bytes
import HTTP
import JSON
import Ledger
import Providers

/// Makes of a stream's events the answer that they come to, in the dialect that the client spoke.
struct WholeStream: ~Copyable {
    private var translator = Translator()

    /// - Returns: nil for a stream that broke off, whose whole would claim an end, and for one that says what a whole answer has no place for.
    mutating func put(together stream: [UInt8], as form: BodyForm, _ id: Identifier) -> [UInt8]? {
        return stream.withByteSlice { stream in
            guard WholeStream.isEnded(stream) else { return nil }
            // An answer is shorter than its events, but for what is written around their texts.
            var capacity = stream.count + BooksLimits.wholeSlackByteCount
            while capacity <= 4 * (stream.count + BooksLimits.wholeSlackByteCount) {
                let (written, isShort) = write(stream, form, id, capacity)
                if !isShort { return written }
                capacity *= 2
            }
            return nil
        }
    }

    private mutating func write(
        _ stream: ByteSlice, _ form: BodyForm, _ id: Identifier, _ capacity: Int
    ) -> (written: [UInt8]?, isShort: Bool) {
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { room.deallocate() }
        var writer = ByteWriter(room, capacity: capacity)
        let events: Translator.Events = { at in
            var scanner = EventBoundaryScanner()
            while let event = scanner.next(stream, from: at) {
                at = event.end
                if let data = event.payload.map({ stream[$0] }), !(data == "[DONE]") { return data }
            }
            return nil
        }
        do throws(TranslationFault) {
            switch form {
            case .chat: try translator.writeWhole(.openAI, WholeStream.options(stream, id), usage: nil, to: &writer, events)
            case .messages: try translator.writeWhole(.anthropic, WholeStream.options(stream, id), usage: nil, to: &writer, events)
            case .completions: try translator.writeWholeCompletion(usage: nil, to: &writer, events)
            case .responses: try translator.writeWholeResponse(to: &writer, events)
            case .none: return (nil, false)
            }
        } catch {
            return (nil, writer.overflowed)
        }
        return writer.overflowed ? (nil, true) : (Array(UnsafeBufferPointer(start: room, count: writer.count)), false)
    }

    /// Whether one of its events says, in any dialect's words, that it is over.
    private static func isEnded(_ stream: ByteSlice) -> Bool {
        var scanner = EventBoundaryScanner()
        var at = 0
        while let event = scanner.next(stream, from: at) {
            at = event.end
            guard let data = event.payload.map({ stream[$0] }) else { continue }
            if data == "[DONE]" { return true }
            guard let type = JSONView(objectIn: data)?.child(ByteSlice("type"))?.string?.content else { continue }
            if type == "message_stop" || type == "response.completed" || type == "response.incomplete" { return true }
        }
        return false
    }

    /// What the first event with a model states.
    private static func options(_ stream: ByteSlice, _ id: Identifier) -> AnswerOptions {
        var options = AnswerOptions()
        options.includesUsage = true
        options.isStrict = false
        Array(id.description.utf8).withByteSlice { options.identifier.set($0) }
        var scanner = EventBoundaryScanner()
        var at = 0
        while let event = scanner.next(stream, from: at) {
            at = event.end
            guard let data = event.payload.map({ stream[$0] }), let root = JSONView(objectIn: data), let model = root.child(ByteSlice("model"))?.string,
                !model.content.isEmpty
            else { continue }
            options.model.set(model.content)
            if let created = root.child(ByteSlice("created")), created.kind == .number { options.created = created.bytes.decimal ?? 0 }
            break
        }
        return options
    }
}
