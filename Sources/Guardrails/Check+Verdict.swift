import Bytes
import JSON
import Patterns

/// What a check came to.
enum Verdict {
    case passed, failed
    /// It could not look.
    case undecided(StaticString)

    init(_ isPassed: Bool) { self = isPassed ? .passed : .failed }
}

extension Check {
    /// Judges what the bench holds, and appends the result's `data` to `report`.
    ///
    /// Of several texts each has to pass; the data is that of the first that does not, or of the last. Where there is none it is the empty text.
    func judge(_ subject: CheckSubject, on bench: Workbench, into report: inout [UInt8]) -> Verdict {
        guard name.needsText, bench.texts.count > 0 else { return judge(ByteSlice(""), subject, on: bench, into: &report) }
        let start = report.count
        var verdict = Verdict.passed
        for index in 0..<bench.texts.count {
            report.removeLast(report.count - start)
            verdict = judge(bench.texts[index], subject, on: bench, into: &report)
            guard case .passed = verdict else { break }
        }
        return verdict
    }

    private func judge(_ text: ByteSlice, _ subject: CheckSubject, on bench: Workbench, into report: inout [UInt8]) -> Verdict {
        report.append(UInt8(ascii: "{"))
        report += fixedData
        guard let holds = isMet(text, subject, on: bench, &report) else {
            report += "\"explanation\":\"the check could not look\"}".utf8
            return .undecided("no memory to look at the text")
        }
        let isPassed = holds != isInverted
        report += isPassed ? "\"explanation\":\"the check passed\"}".utf8 : "\"explanation\":\"the check failed\"}".utf8
        return Verdict(isPassed)
    }

    /// Whether the rule is met, `not` left aside; nil where it could not be told. Members of the data are appended, each with a comma.
    private func isMet(_ text: ByteSlice, _ subject: CheckSubject, on bench: Workbench, _ report: inout [UInt8]) -> Bool? {
        switch rule {
        case .regexMatch(let pattern): return pattern.search(text, &bench.scratch)
        case .contains(let words, let names, let quantifier): return contains(text, words, names, quantifier, on: bench, &report)
        case .sentenceCount(let range): return counted(TextMeasure.sentences(text), "sentenceCount", in: range, &report)
        case .wordCount(let range): return counted(TextMeasure.words(text), "wordCount", in: range, &report)
        case .characterCount(let range): return counted(TextMeasure.characters(text), "characterCount", in: range, &report)
        case .alluppercase: return !TextMeasure.hasLowercase(text)
        case .alllowercase: return !TextMeasure.hasUppercase(text)
        case .endsWith(let suffix): return suffix.withByteSlice { Check.ends(text, with: $0) }
        case .jsonKeys(let keys, let quantifier): return hasKeys(text, keys, quantifier, &report)
        case .containsCode(let format): return format.hasBlock(in: text)
        case .notNull: return !TextMeasure.isBlank(text)
        case .modelWhitelist(let models): return models.contains(subject.model)
        case .modelRules(let rules): return rules.allow(subject.model, subject.metadata)
        case .allowedRequestTypes(let allowed, let blocked): return isAllowed(subject, allowed, blocked)
        case .requiredMetadataKeys(let keys, let quantifier): return hasMetadata(subject.metadata, keys, quantifier, &report)
        }
    }

    private func contains(
        _ text: ByteSlice, _ words: WordSet, _ names: NameList, _ quantifier: Quantifier, on bench: Workbench, _ report: inout [UInt8]
    ) -> Bool? {
        words.find(in: text, &bench.scratch) { found in
            Check.write("foundWords", names, into: &report) { found.contains($0) }
            Check.write("missingWords", names, into: &report) { !found.contains($0) }
            return quantifier.holds(found: found.count, of: names.count)
        }
    }

    private func counted(_ count: Int64, _ name: StaticString, in range: ClosedRange<Int64>, _ report: inout [UInt8]) -> Bool {
        report.append(member: name)
        report += "\(count),".utf8
        return range.contains(count)
    }

    /// The suffix itself, or the suffix and a full stop.
    private static func ends(_ text: ByteSlice, with suffix: ByteSlice) -> Bool {
        func ends(_ text: ByteSlice) -> Bool { text.count >= suffix.count && text.dropFirst(text.count - suffix.count) == suffix }
        return ends(text) || !text.isEmpty && text[text.count - 1] == UInt8(ascii: ".") && ends(text.prefix(text.count - 1))
    }

    // MARK: Keys

    /// Whether some JSON object in the text has the keys. Text without one never has.
    private func hasKeys(_ text: ByteSlice, _ keys: NameList, _ quantifier: Quantifier, _ report: inout [UInt8]) -> Bool {
        var present: UInt64 = 0
        var objectCount = 0
        var holds = false
        for object in FoundObjects(text) {
            guard objectCount < GuardrailLimits.jsonObjectCount else { break }
            objectCount += 1
            present = Check.present(keys, in: object)
            holds = quantifier.holds(found: present.nonzeroBitCount, of: keys.count)
            if holds { break }
        }
        if objectCount > 0 { Check.write(keys, present, into: &report) }
        return holds
    }

    private func hasMetadata(_ metadata: JSONView?, _ keys: NameList, _ quantifier: Quantifier, _ report: inout [UInt8]) -> Bool {
        let present = metadata.map { Check.present(keys, in: $0) } ?? 0
        Check.write(keys, present, into: &report)
        return quantifier.holds(found: present.nonzeroBitCount, of: keys.count)
    }

    /// Which of the keys the object has, a bit each.
    private static func present(_ keys: NameList, in object: JSONView) -> UInt64 {
        var present: UInt64 = 0
        for member in object.members {
            if let index = keys.index(of: member.name) { present |= 1 << UInt64(index) }
        }
        return present
    }

    private static func write(_ keys: NameList, _ present: UInt64, into report: inout [UInt8]) {
        write("presentKeys", keys, into: &report) { present >> UInt64($0) & 1 == 1 }
        write("missingKeys", keys, into: &report) { present >> UInt64($0) & 1 == 0 }
    }

    private static func write(_ name: StaticString, _ names: NameList, into report: inout [UInt8], where isListed: (Int) -> Bool) {
        report.append(member: name)
        names.write(into: &report, where: isListed)
        report.append(UInt8(ascii: ","))
    }

    // MARK: Request types

    /// A list the check does not have is the request's own, from its metadata. What is blocked is never allowed.
    private func isAllowed(_ subject: CheckSubject, _ allowed: [RequestType], _ blocked: [RequestType]) -> Bool {
        let isBlocked = blocked.isEmpty ? Check.lists("blocked_endpoints", subject) == true : blocked.contains(subject.requestType)
        if isBlocked { return false }
        if allowed.isEmpty { return Check.lists("supported_endpoints", subject) ?? true }
        return allowed.contains(subject.requestType)
    }

    /// Whether the metadata's list, an array or text with commas, has the request's type; nil where there is no list.
    private static func lists(_ key: StaticString, _ subject: CheckSubject) -> Bool? {
        guard let value = subject.metadata?.child(ByteSlice(key)) else { return nil }
        let wanted = Array(subject.requestType.rawValue.utf8)
        return wanted.withByteSlice { wanted in
            if value.kind == .array { return value.elements.contains { $0.string.map { $0 == wanted } ?? false } }
            return value.string.map { names(wanted, in: $0.content) }
        }
    }

    private static func names(_ wanted: ByteSlice, in list: ByteSlice) -> Bool {
        var start = 0
        while start <= list.count {
            let end = list.firstIndex(of: UInt8(ascii: ","), from: start) ?? list.count
            if list[start..<end].trimmed == wanted { return true }
            start = end + 1
        }
        return false
    }
}

extension [UInt8] {
    /// Appends a member's name and its colon; `name` needs no escapes.
    mutating func append(member name: StaticString) {
        append(UInt8(ascii: "\""))
        self += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        self += "\":".utf8
    }
}
