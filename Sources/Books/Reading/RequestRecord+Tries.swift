public import JSON

extension RequestRecord {
    /// Its attempts in order, up to eight, each an object; empty where nothing is known of them.
    ///
    /// Each that took tokens has its own, so that they come to the record's: those of the answer stand with the last.
    public var tries: [DocumentNode] {
        var tries: [DocumentNode] = []
        if figures.flags.contains(.triedOnce) {
            tries = [onlyTry]
        } else if !attempts.isEmpty, case .array(let written)? = DocumentParser.parse(attempts).document?.root.value {
            tries = written
        }
        // Where the last is not among them, neither is the one that was answered.
        guard figures.flags.contains(.counted), tries.count >= Int(figures.attempts), case .object(let last)? = tries.last?.value else { return tries }
        guard !last.contains(where: { $0.name == "tokens_in" }) else { return tries }
        tries[tries.count - 1] = DocumentNode(.object(last + taken), at: .start)
        return tries
    }

    /// For how long the provider of the last try was at it: from when the request had a connection to the end of its answer, or until it was given up.
    public var providerMicroseconds: Int64? {
        if figures.flags.contains(.triedOnce) {
            let others = figures.gatewayNanoseconds.addingReportingOverflow(figures.queueNanoseconds).partialValue
            return Int64(clamping: (figures.totalNanoseconds - min(figures.totalNanoseconds, others)) / 1000)
        }
        let tries = tries
        guard tries.count >= Int(figures.attempts), case .object(let last)? = tries.last?.value else { return nil }
        func number(_ name: String) -> Int64? {
            if case .number(let number)? = last.first(where: { $0.name == name })?.value.value { number.integer } else { nil }
        }
        guard let begun = number("begun_us"), let over = number("over_us") else { return nil }
        return max(0, over.subtractingReportingOverflow(begun).partialValue.subtractingReportingOverflow(number("queue_us") ?? 0).partialValue)
    }

    private var onlyTry: DocumentNode {
        var members = [RequestRecord.text("target", target)]
        if !virtualKey.isEmpty { members.append(RequestRecord.text("key", virtualKey)) }
        members.append(RequestRecord.number("status", UInt64(figures.status)))
        members.append(RequestRecord.number("ms", (figures.totalNanoseconds - min(figures.totalNanoseconds, figures.gatewayNanoseconds)) / 1_000_000))
        members.append(RequestRecord.text("why", figures.reason.text.description))
        members.append(RequestRecord.number("begun_us", figures.gatewayNanoseconds / 1000))
        if figures.queueNanoseconds > 0 { members.append(RequestRecord.number("queue_us", figures.queueNanoseconds / 1000)) }
        if figures.firstByteNanoseconds > 0 { members.append(RequestRecord.number("first_byte_us", figures.firstByteNanoseconds / 1000)) }
        members.append(RequestRecord.number("over_us", figures.totalNanoseconds / 1000))
        return DocumentNode(.object(members), at: .start)
    }

    /// What the answer took and cost.
    private var taken: [DocumentMember] {
        var members = [
            RequestRecord.number("tokens_in", UInt64(clamping: figures.usage.inputTotal)),
            RequestRecord.number("tokens_out", UInt64(clamping: figures.usage.outputTotal)),
        ]
        if figures.cost >= 0 { members.append(RequestRecord.number("cost_nanodollars", UInt64(figures.cost))) }
        return members
    }

    private static func text(_ name: String, _ text: String) -> DocumentMember {
        DocumentMember(name: name, position: .start, value: DocumentNode(.string(text), at: .start))
    }

    private static func number(_ name: String, _ number: UInt64) -> DocumentMember {
        DocumentMember(name: name, position: .start, value: DocumentNode(.number(DocumentNumber(text: "\(number)")), at: .start))
    }
}
