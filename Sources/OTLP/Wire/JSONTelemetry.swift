import Bytes
import JSON

/// Reads requests written in JSON: members in camel case, or as the messages have them; ids in hexadecimal, large numbers also as texts.
struct JSONTelemetry {
    let choice: AttributeChoice

    func spans(_ body: ByteSlice, _ each: (Span) -> Void) throws(TelemetryError) -> Int {
        try members(of: body, ("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("spans", "spans")) {
            (value, resource) throws(TelemetryError) in
            var span = try span(value)
            span.resource = resource
            each(span)
        }
    }

    func logs(_ body: ByteSlice, _ each: (LogRecord) -> Void) throws(TelemetryError) -> Int {
        try members(of: body, ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records")) {
            (value, resource) throws(TelemetryError) in
            var record = try record(value)
            record.resource = resource
            each(record)
        }
    }

    private typealias Name = (camel: StaticString, snake: StaticString)

    private func members(
        of body: ByteSlice, _ outer: Name, _ inner: Name, _ leaf: Name, _ each: (JSONObject, Attributes) throws(TelemetryError) -> Void
    ) throws(TelemetryError) -> Int {
        var count = 0
        var tape = JSONTape(nodeLimit: OTLPLimits.jsonNodeCount, depthLimit: OTLPLimits.jsonDepth)
        let root: JSONValue
        do throws(JSONError) { root = try tape.parse(body) } catch { throw .json(error) }
        let request = try JSONObject(root, in: body, "the body")
        try request.objects(outer.camel, outer.snake) { (group) throws(TelemetryError) in
            let resource = try group.object("resource").map { (resource) throws(TelemetryError) in try attributes(resource) } ?? Attributes()
            try group.objects(inner.camel, inner.snake) { (scope) throws(TelemetryError) in
                try scope.objects(leaf.camel, leaf.snake) { (one) throws(TelemetryError) in
                    count += 1
                    if count <= OTLPLimits.spanCount { try each(one, resource) }
                }
            }
        }
        return max(0, count - OTLPLimits.spanCount)
    }

    // MARK: Messages

    private func span(_ object: JSONObject) throws(TelemetryError) -> Span {
        var span = Span()
        _ = choice.room.takeLeftOut()
        span.trace = try object.identifier("traceId", "trace_id", byteCount: 16)
        span.span = try object.identifier("spanId", "span_id", byteCount: 8)
        span.parent = try object.identifier("parentSpanId", "parent_span_id", byteCount: 8)
        span.name = try object.text("name")
        span.startNanoseconds = try object.nanoseconds("startTimeUnixNano", "start_time_unix_nano")
        span.endNanoseconds = try object.nanoseconds("endTimeUnixNano", "end_time_unix_nano")
        span.attributes = try attributes(object)
        span.contents = try contents(object)
        try object.objects("events") { (one) throws(TelemetryError) in
            var event = Span.Event()
            event.nanoseconds = try one.nanoseconds("timeUnixNano", "time_unix_nano")
            event.name = try one.text("name")
            event.attributes = try attributes(one)
            if event.name.hasPrefix(ContentNames.eventPrefix) { event.contents = try contents(one, ofEvent: true) }
            if !span.add(event), !event.contents.list.isEmpty { choice.room.leaveOut() }
        }
        span.isContentCut = choice.room.takeLeftOut()
        if let status = try object.object("status") {
            span.statusMessage = try status.text("message")
            span.status = try status.status("code")
        }
        return span
    }

    private func record(_ object: JSONObject) throws(TelemetryError) -> LogRecord {
        var record = LogRecord()
        _ = choice.room.takeLeftOut()
        record.trace = try object.identifier("traceId", "trace_id", byteCount: 16)
        record.span = try object.identifier("spanId", "span_id", byteCount: 8)
        record.nanoseconds = try object.nanoseconds("timeUnixNano", "time_unix_nano")
        if record.nanoseconds == 0 { record.nanoseconds = try object.nanoseconds("observedTimeUnixNano", "observed_time_unix_nano") }
        record.event = try object.text("eventName", "event_name")
        record.attributes = try attributes(object)
        record.contents = try contents(object)
        record.isContentCut = choice.room.takeLeftOut()
        return record
    }

    // MARK: Attributes

    /// The value of one that nobody asks for is read past all the same, so that what is broken is told.
    private func attributes(_ object: JSONObject) throws(TelemetryError) -> Attributes {
        var attributes = Attributes()
        try object.objects("attributes") { (one) throws(TelemetryError) in
            let isKept = choice.keeps(try one.text("key"))
            let attribute = try attribute(one, depth: 0, isKept ? .word : .none)
            if isKept { attributes.add(attribute) }
        }
        return attributes
    }

    /// The same, whole, of those that say what was asked and answered; in an event all do.
    private func contents(_ object: JSONObject, ofEvent isEvent: Bool = false) throws(TelemetryError) -> Attributes {
        var contents = Attributes()
        guard let isContent = choice.isContent else { return contents }
        try object.objects("attributes") { (one) throws(TelemetryError) in
            let name = try one.text("key")
            guard isEvent || isContent(name), choice.room.take() else { return }
            let attribute = try attribute(one, depth: 0, .content(choice.room))
            if !contents.add(attribute, atMost: OTLPLimits.contentCount) { choice.room.leaveOut() }
        }
        return contents
    }

    private func attribute(_ object: JSONObject, depth: Int, _ room: AttributeRoom) throws(TelemetryError) -> Attribute {
        let value = try object.object("value")
        return Attribute(
            try object.text("key"), try value.map { (value) throws(TelemetryError) in try self.value(value, depth: depth, room) } ?? .nothing)
    }

    private func value(_ object: JSONObject, depth: Int, _ room: AttributeRoom) throws(TelemetryError) -> AttributeValue {
        if object.has("stringValue", "string_value") { return .text(try object.text("stringValue", "string_value", atMost: room.textByteCount)) }
        if let flag = try object.flag("boolValue", "bool_value") { return .flag(flag) }
        if let number = try object.integer("intValue", "int_value") { return .integer(number) }
        if let number = try object.number("doubleValue", "double_value") { return .number(number) }
        if let list = try object.object("arrayValue", "array_value") {
            try checkDepth(depth, list)
            var elements: [AttributeValue] = []
            try list.objects("values") { (element) throws(TelemetryError) in
                let isKept = room.keepsElement(beside: elements.count)
                let element = try value(element, depth: depth + 1, isKept ? room : .none)
                if isKept { elements.append(element) }
            }
            return .list(elements)
        }
        if let map = try object.object("kvlistValue", "kvlist_value") {
            try checkDepth(depth, map)
            var members: [Attribute] = []
            try map.objects("values") { (member) throws(TelemetryError) in
                let isKept = room.keepsElement(beside: members.count)
                let member = try attribute(member, depth: depth + 1, isKept ? room : .none)
                if isKept { members.append(member) }
            }
            return .map(members)
        }
        return .nothing
    }

    private func checkDepth(_ depth: Int, _ object: JSONObject) throws(TelemetryError) {
        guard depth + 1 < OTLPLimits.valueDepth else { throw .json(JSONError(.tooDeep, at: object.place)) }
    }
}
