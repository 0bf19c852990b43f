import Analytics
import Books
import Bytes
import JSON
import Store

/// The parameters by which logs and analytics choose requests, as Portkey's SDKs send them.
enum RowFilters {
    private static func list(_ name: String, _ summary: String) -> BodyField {
        BodyField(name, .text(atMost: ConsoleLimits.listByteCount), summary + ", with commas between")
    }

    /// The same for a body, where a list may be one.
    static func ofBody(_ fields: [BodyField]) -> [BodyField] {
        fields.map { field in
            guard case .text(ConsoleLimits.listByteCount) = field.kind else { return field }
            return BodyField(field.name, .textOrList(atMost: AnalyticsLimits.filterValueCount), aliases: field.aliases, field.summary)
        }
    }

    private static func range(_ name: String, _ what: String) -> [BodyField] {
        [
            BodyField(name + "_min", .integer(0...RowFilters.largestCount), "the least " + what),
            BodyField(name + "_max", .integer(0...RowFilters.largestCount), "the most " + what),
        ]
    }

    private static let largestCount: Int64 = 1 << 53

    static let fields = times + choices

    static let times = [
        BodyField("time_of_generation_min", .time, required: true, "requests from then on"),
        BodyField("time_of_generation_max", .time, required: true, "requests before then"),
    ]

    /// All but the times.
    static let choices =
        [
            BodyField("workspace_slug", .text(atMost: ConsoleLimits.identifierByteCount), aliases: ["workspace_id"], "a workspace, by id or slug"),
            Listing.organisation, list("virtual_keys", "slugs of virtual keys"), list("configs", "slugs of configs"), list("api_key_ids", "ids of API keys"),
            list("prompt_slug", "slugs of prompts, or `slug@12` for one version alone"),
            list("status_code", "statuses"), list("ai_org_model", "models as `openai__gpt-4o`"),
            list("cache_status", "`hit`, `miss`, `semantic miss`, `refresh`, `disabled`"),
            BodyField("trace_id", .text(atMost: ConsoleLimits.entryByteCount), "a trace"), BodyField("span_id", .text(atMost: ConsoleLimits.entryByteCount), "a span"),
            BodyField("metadata", .objectOrText, "an object: values, or lists of them, by name"),
            BodyField("cost_min", .amount(0...RowFilters.largestCents), "the least cost, in cents"),
            BodyField("cost_max", .amount(0...RowFilters.largestCents), "the most cost, in cents"),
            BodyField("weighted_feedback_min", .decimal(-10...10), "the least weighted average of their trace's feedback"),
            BodyField("weighted_feedback_max", .decimal(-10...10), "the most"),
        ] + range("total_units", "tokens") + range("prompt_token", "tokens of a prompt") + range("completion_token", "tokens of an answer")

    private static let largestCents: Int64 = 900_000_000_000

    /// What is asked for, of what the caller may see.
    static func query(_ console: Console, _ call: Call) throws(ConsoleError) -> RowQuery { try query(console, call.query, call.caller) }

    static func query(_ console: Console, _ query: Body, _ caller: Caller) throws(ConsoleError) -> RowQuery {
        let from = query.integer("time_of_generation_min") ?? 0
        let to = query.integer("time_of_generation_max") ?? 0
        guard from < to else { throw .invalid("time_of_generation_max", "is not after time_of_generation_min") }
        guard (to - from) / 86_400_000 < Int64(AnalyticsLimits.dayCount) else {
            throw .invalid("time_of_generation_max", "is more than \(AnalyticsLimits.dayCount) days after time_of_generation_min")
        }
        return try rows(console, from: from, to: to, query, caller)
    }

    /// - Parameter query: its times are not looked at.
    static func rows(_ console: Console, from: Int64, to: Int64, _ query: Body, _ caller: Caller) throws(ConsoleError) -> RowQuery {
        var rows = RowQuery(from: from, to: to)
        rows.workspace = try console.workspace(query.text("workspace_slug"), caller)?.id
        rows.virtualKeys = try entries("virtual_keys", query)
        rows.configs = try entries("configs", query)
        rows.keys = try entries("api_key_ids", query)
        for text in try entries("prompt_slug", query) { rows.prompts.append(try prompt(text)) }
        for text in try entries("status_code", query) {
            guard let status = Int64(text), (100...599).contains(status) else { throw .invalid("status_code", "has \(quoted(text)), which is no status; write 200,429") }
            rows.statuses.append(status)
        }
        for text in try entries("cache_status", query) {
            guard let cache = RecordedCache.allCases.first(where: { $0.text.description == text.uppercased() }) else {
                throw .invalid("cache_status", "has \(quoted(text)); it is hit, miss, semantic miss, refresh or disabled")
            }
            rows.caches.append(cache)
        }
        for text in try entries("ai_org_model", query) { rows.models.append(try model(text)) }
        rows.trace = query.text("trace_id").map { Feedback.trace($0) }
        rows.span = query.text("span_id")
        rows.metadata = try metadata(query)
        rows.tokens = try range("total_units", query)
        rows.promptTokens = try range("prompt_token", query)
        rows.completionTokens = try range("completion_token", query)
        let (least, most) = (cents(query.number("cost_min")), cents(query.number("cost_max")))
        if least != nil || most != nil {
            guard least ?? 0 <= most ?? .max else { throw .invalid("cost_max", "is less than cost_min") }
            rows.cost = (least ?? 0)...(most ?? .max)
        }
        rows.weightedFeedback = try weightedFeedback(query)
        return rows
    }

    private static func weightedFeedback(_ query: Body) throws(ConsoleError) -> ClosedRange<Double>? {
        let (least, most) = (query.number("weighted_feedback_min")?.double, query.number("weighted_feedback_max")?.double)
        guard least != nil || most != nil else { return nil }
        guard least ?? -10 <= most ?? 10 else { throw .invalid("weighted_feedback_max", "is less than weighted_feedback_min") }
        return (least ?? -10)...(most ?? 10)
    }

    private static func entries(_ name: String, _ query: Body) throws(ConsoleError) -> [String] {
        let texts = query.text(name).map { [$0] } ?? query.texts(name)
        let entries = texts.flatMap { $0.split(separator: ",") }.map { part in
            var text = part
            while text.first == " " { text.removeFirst() }
            while text.last == " " { text.removeLast() }
            return String(text)
        }.filter { !$0.isEmpty }
        guard entries.count <= AnalyticsLimits.filterValueCount else {
            throw .invalid(name, "has \(entries.count) values; at most \(AnalyticsLimits.filterValueCount) are taken")
        }
        return entries
    }

    private static func model(_ text: String) throws(ConsoleError) -> (provider: String, model: String) {
        let characters = Array(text.utf8)
        guard let split = characters.indices.dropLast().first(where: { characters[$0] == UInt8(ascii: "_") && characters[$0 + 1] == UInt8(ascii: "_") }) else {
            throw .invalid("ai_org_model", "has \(quoted(text)); write a provider, two underscores and a model: openai__gpt-4o")
        }
        return (String(decoding: characters[..<split], as: UTF8.self), String(decoding: characters[(split + 2)...], as: UTF8.self))
    }

    /// Requests are recorded with the number of their version, whichever name for it they came with.
    private static func prompt(_ text: String) throws(ConsoleError) -> (slug: String, version: UInt32?) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (text, nil) }
        guard !parts[0].isEmpty, let version = UInt32(parts[1]), version > 0, parts[1].first != "+" else {
            throw .invalid("prompt_slug", "has \(quoted(text)); write a slug, or one with the number of a version: pp-hello-0a1b2c@3")
        }
        return (String(parts[0]), version)
    }

    private static func metadata(_ query: Body) throws(ConsoleError) -> [(name: String, values: [String])] {
        var found: [(name: String, values: [String])] = []
        for member in query.value("metadata")?.members ?? [] {
            let values = member.value.elements.isEmpty ? [member.value] : member.value.elements
            let texts = values.compactMap { value -> String? in
                switch value.value {
                case .string(let text): text
                case .number(let number): number.text
                case .boolean(let flag): flag ? "true" : "false"
                default: nil
                }
            }
            guard texts.count == values.count, texts.count <= AnalyticsLimits.filterValueCount else {
                throw .invalid("metadata", "must have a text, or a list of up to \(AnalyticsLimits.filterValueCount), for each name")
            }
            found.append((member.name, texts))
        }
        guard found.count <= ConsoleLimits.metadataCount else { throw .invalid("metadata", "has \(found.count) names; at most \(ConsoleLimits.metadataCount) are taken") }
        return found
    }

    private static func range(_ name: String, _ query: Body) throws(ConsoleError) -> ClosedRange<Int64>? {
        let (least, most) = (query.integer(name + "_min"), query.integer(name + "_max"))
        guard least != nil || most != nil else { return nil }
        guard least ?? 0 <= most ?? .max else { throw .invalid(name + "_max", "is less than \(name)_min") }
        return (least ?? 0)...(most ?? .max)
    }

    /// As nano-dollars.
    private static func cents(_ number: DocumentNumber?) -> Int64? {
        guard let number else { return nil }
        let parts = number.text.split(separator: ".")
        let fraction = parts.count > 1 ? String(parts[1].prefix(7)) : ""
        let digits = fraction + String(repeating: "0", count: 7 - fraction.utf8.count)
        guard let whole = number.integer ?? Int64(parts[0]) else { return nil }
        return whole * 10_000_000 + (number.integer == nil ? Int64(digits) ?? 0 : 0)
    }
}

extension Console {
    func openBooks() throws(ConsoleError) -> DayBooks {
        guard let books else { throw .noRecords }
        return books
    }

    /// The books' rows, where there are any.
    func rows<Result>(_ body: (DayBooks) throws(AnalyticsError) -> Result) throws(ConsoleError) -> Result {
        let books = try openBooks()
        do throws(AnalyticsError) {
            return try body(books)
        } catch .tooMany {
            throw .invalid("time_of_generation_max", "asks for too much: \(AnalyticsError.tooMany)")
        } catch {
            throw .unreadable
        }
    }
}

/// Amounts as answers have them.
enum Amount {
    /// Nano-dollars as cents, exact.
    static func cents(_ nanodollars: Int64) -> DocumentNode { decimal(nanodollars, digits: 7) }

    /// A quotient with six decimals; 0 where there is nothing to divide by.
    static func ratio(_ part: Int64, _ whole: Int64, times factor: Int64 = 1) -> DocumentNode {
        guard whole > 0 else { return .number(0) }
        let value = (Double(part) / Double(whole) * Double(factor) * 1e6).rounded()
        return decimal(nearest(value), digits: 6)
    }

    static func decimal(_ number: Double) -> DocumentNode { decimal(nearest((number * 1e6).rounded()), digits: 6) }

    /// The nearest there is.
    private static func nearest(_ number: Double) -> Int64 { number >= 0x1p63 ? .max : number <= -0x1p63 ? .min : Int64(number) }

    private static func decimal(_ number: Int64, digits: Int) -> DocumentNode {
        var scale: UInt64 = 1
        for _ in 0..<digits { scale *= 10 }
        var text = (number < 0 ? "-" : "") + "\(number.magnitude / scale)"
        let fraction = number.magnitude % scale
        if fraction > 0 {
            var tail = String("\(scale + fraction)".dropFirst())
            while tail.last == "0" { tail.removeLast() }
            text += "." + tail
        }
        return DocumentNode(.number(DocumentNumber(text: text)), at: .start)
    }
}
