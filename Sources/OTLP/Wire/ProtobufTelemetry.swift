import Bytes

/// Reads requests written in protobuf. Fields that are not named here are passed over.
struct ProtobufTelemetry {
    let choice: AttributeChoice

    func spans(_ body: ByteSlice, _ each: (Span) -> Void) throws(TelemetryError) -> Int {
        try members(of: body, "resource_spans", "scope_spans", "spans") { (reader, resource) throws(TelemetryError) in
            var span = try span(reader)
            span.resource = resource
            each(span)
        }
    }

    func logs(_ body: ByteSlice, _ each: (LogRecord) -> Void) throws(TelemetryError) -> Int {
        try members(of: body, "resource_logs", "scope_logs", "log_records") { (reader, resource) throws(TelemetryError) in
            var record = try record(reader)
            record.resource = resource
            each(record)
        }
    }

    /// Both signals are built alike: field 1 of the request is a resource with what comes of it, whose field 2 is a scope with what comes of that, whose
    /// field 2 are they.
    private func members(
        of body: ByteSlice, _ outer: StaticString, _ inner: StaticString, _ leaf: StaticString,
        _ each: (WireReader, Attributes) throws(TelemetryError) -> Void
    ) throws(TelemetryError) -> Int {
        var count = 0
        var request = WireReader(body)
        while let field = try request.next() {
            guard field.number == 1 else { continue }
            let content = try field.message(outer)
            let resource = try resource(content)
            var group = content
            while let field = try group.next() {
                guard field.number == 2 else { continue }
                var scope = try field.message(inner)
                while let field = try scope.next() {
                    guard field.number == 2 else { continue }
                    count += 1
                    if count <= OTLPLimits.spanCount { try each(try field.message(leaf), resource) }
                }
            }
        }
        return max(0, count - OTLPLimits.spanCount)
    }

    /// Wherever it stands among its spans.
    private func resource(_ content: WireReader) throws(TelemetryError) -> Attributes {
        var (reader, attributes) = (content, Attributes())
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            var resource = try field.message("resource")
            while let field = try resource.next() {
                if field.number == 1 { try add(field, to: &attributes) }
            }
        }
        return attributes
    }

    // MARK: Messages

    private func span(_ message: WireReader) throws(TelemetryError) -> Span {
        var (reader, span) = (message, Span())
        _ = choice.room.takeLeftOut()
        while let field = try reader.next() {
            switch field.number {
            case 1: span.trace = KeptText.identifier(try field.content("trace_id"), byteCount: 16)
            case 2: span.span = KeptText.identifier(try field.content("span_id"), byteCount: 8)
            case 4: span.parent = KeptText.identifier(try field.content("parent_span_id"), byteCount: 8)
            case 5: span.name = try field.text("name")
            case 7: span.startNanoseconds = try field.fixed64("start_time_unix_nano")
            case 8: span.endNanoseconds = try field.fixed64("end_time_unix_nano")
            case 9:
                try add(field, to: &span.attributes)
                try addContent(field, to: &span.contents)
            case 11:
                let event = try event(field.message("events"))
                if !span.add(event), !event.contents.list.isEmpty { choice.room.leaveOut() }
            case 15: try readStatus(field.message("status"), &span)
            default: break
            }
        }
        span.isContentCut = choice.room.takeLeftOut()
        return span
    }

    private func event(_ message: WireReader) throws(TelemetryError) -> Span.Event {
        var (reader, event) = (message, Span.Event())
        // What it says is of its name's kind, which may come last.
        let saysContent = try text(2, "name", of: message).hasPrefix(ContentNames.eventPrefix)
        while let field = try reader.next() {
            switch field.number {
            case 1: event.nanoseconds = try field.fixed64("time_unix_nano")
            case 2: event.name = try field.text("name")
            case 3:
                try add(field, to: &event.attributes)
                if saysContent { try addContent(field, ofEvent: true, to: &event.contents) }
            default: break
            }
        }
        return event
    }

    private func readStatus(_ message: WireReader, _ span: inout Span) throws(TelemetryError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 2: span.statusMessage = try field.text("message")
            case 3: span.status = Span.Status(code: try field.varint("code"))
            default: break
            }
        }
    }

    private func record(_ message: WireReader) throws(TelemetryError) -> LogRecord {
        var (reader, record) = (message, LogRecord())
        var seen: UInt64 = 0
        _ = choice.room.takeLeftOut()
        while let field = try reader.next() {
            switch field.number {
            case 1: record.nanoseconds = try field.fixed64("time_unix_nano")
            case 6:
                try add(field, to: &record.attributes)
                try addContent(field, to: &record.contents)
            case 9: record.trace = KeptText.identifier(try field.content("trace_id"), byteCount: 16)
            case 10: record.span = KeptText.identifier(try field.content("span_id"), byteCount: 8)
            case 11: seen = try field.fixed64("observed_time_unix_nano")
            case 12: record.event = try field.text("event_name")
            default: break
            }
        }
        if record.nanoseconds == 0 { record.nanoseconds = seen }
        record.isContentCut = choice.room.takeLeftOut()
        return record
    }

    // MARK: Attributes

    /// The value of one that nobody asks for is read past all the same, so that what is broken is told.
    private func add(_ field: WireReader.Field, to attributes: inout Attributes) throws(TelemetryError) {
        let message = try field.message("attributes")
        let isKept = choice.keeps(try text(1, "key", of: message))
        let attribute = try attribute(message, depth: 0, isKept ? .word : .none)
        if isKept { attributes.add(attribute) }
    }

    /// The same, whole, where it says what was asked or answered.
    ///
    /// - Parameter isEvent: whether all do, whatever they are called.
    private func addContent(_ field: WireReader.Field, ofEvent isEvent: Bool = false, to contents: inout Attributes) throws(TelemetryError) {
        guard let isContent = choice.isContent else { return }
        let message = try field.message("attributes")
        let name = try text(1, "key", of: message)
        guard isEvent || isContent(name), choice.room.take() else { return }
        let attribute = try attribute(message, depth: 0, .content(choice.room))
        if !contents.add(attribute, atMost: OTLPLimits.contentCount) { choice.room.leaveOut() }
    }

    /// A field of a message whose others are read then.
    private func text(_ number: UInt32, _ name: StaticString, of message: WireReader) throws(TelemetryError) -> String {
        var (reader, text) = (message, "")
        while let field = try reader.next() {
            if field.number == number { text = try field.text(name) }
        }
        return text
    }

    private func attribute(_ message: WireReader, depth: Int, _ room: AttributeRoom) throws(TelemetryError) -> Attribute {
        var (reader, name, value) = (message, "", AttributeValue.nothing)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.text("key")
            case 2: value = try self.value(field.message("value"), depth: depth, room)
            default: break
            }
        }
        return Attribute(name, value)
    }

    private func value(_ message: WireReader, depth: Int, _ room: AttributeRoom) throws(TelemetryError) -> AttributeValue {
        var (reader, value) = (message, AttributeValue.nothing)
        while let field = try reader.next() {
            switch field.number {
            case 1: value = .text(try field.text("string_value", atMost: room.textByteCount))
            case 2: value = .flag(try field.varint("bool_value") != 0)
            case 3: value = .integer(Int64(bitPattern: try field.varint("int_value")))
            case 4: value = .number(Double(bitPattern: try field.fixed64("double_value")))
            case 5: value = .list(try list(field, depth: depth, room))
            case 6: value = .map(try map(field, depth: depth, room))
            case 7:
                _ = try field.content("bytes_value")
                value = .nothing
            default: break
            }
        }
        return value
    }

    private func list(_ field: WireReader.Field, depth: Int, _ room: AttributeRoom) throws(TelemetryError) -> [AttributeValue] {
        guard depth + 1 < OTLPLimits.valueDepth else { throw .wire(at: field.place, .tooDeep) }
        var (reader, elements) = (try field.message("array_value"), [AttributeValue]())
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            let isKept = room.keepsElement(beside: elements.count)
            let element = try value(field.message("values"), depth: depth + 1, isKept ? room : .none)
            if isKept { elements.append(element) }
        }
        return elements
    }

    private func map(_ field: WireReader.Field, depth: Int, _ room: AttributeRoom) throws(TelemetryError) -> [Attribute] {
        guard depth + 1 < OTLPLimits.valueDepth else { throw .wire(at: field.place, .tooDeep) }
        var (reader, members) = (try field.message("kvlist_value"), [Attribute]())
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            let isKept = room.keepsElement(beside: members.count)
            let member = try attribute(field.message("values"), depth: depth + 1, isKept ? room : .none)
            if isKept { members.append(member) }
        }
        return members
    }
}

extension Span.Status {
    init(code: UInt64) { self = code == 1 ? .ok : code == 2 ? .error : .unset }
}
