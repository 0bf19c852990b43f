import Bytes
import JSON

/// What must hold for any bytes; each traps where it does not. Called by seeded rounds in the tests
/// and by libFuzzer.
enum JSONFuzz {
    static let watched: [StaticString] = ["model", "stream", "usage", "a"]

    /// The scan and the validator judge alike; offsets lie in the text; lookups agree with a walk of the table.
    static func scan(_ text: ByteSlice) {
        var scan = ObjectScan(names: watched, memberLimit: 8)
        let verdict = fault { () throws(JSONError) in try JSONText.validate(text) }
        let scanVerdict = fault { () throws(JSONError) in try scan.scan(text) }
        if let scanVerdict {
            precondition(scanVerdict.offset >= 0 && scanVerdict.offset <= text.count, "an error lies in its text")
            precondition(scanVerdict.fault == .object || scanVerdict == verdict, "scan and validator judge alike")
            precondition(scan.count == 0, "a failed scan is empty")
            return
        }
        precondition(verdict == nil, "what the scan accepts is JSON")
        var end = scan.object.lowerBound + 1
        for index in 0..<scan.count {
            let member = scan[index]
            precondition(member.key.lowerBound > end - 1 && member.key.upperBound < member.value.lowerBound, "in order")
            precondition(member.value.lowerBound < member.value.upperBound, "a value has bytes")
            precondition(fault { () throws(JSONError) in try JSONText.validate(member.bytes(in: text)) } == nil, "a value is JSON")
            decodeAll(member, text)
            end = member.value.upperBound
        }
        precondition(end < scan.object.upperBound, "members lie in the object")
        if !scan.overflowed {
            for name in watched {
                var last: Member?
                for index in 0..<scan.count where scan[index].name(in: text) == name { last = scan[index] }
                precondition(scan.member(name) == last, "a lookup finds the last member of the name")
            }
        }
    }

    /// Edits of any object leave JSON that has what was set, lacks what was removed, and nothing else changed.
    static func splice(_ text: ByteSlice) {
        var scan = ObjectScan(names: watched)
        guard fault({ () throws(JSONError) in try scan.scan(text) }) == nil, !scan.overflowed else { return }
        var splice = Splice()
        splice.begin(text)
        // The text itself chooses the edits, so that a fuzzer can.
        var choice = text.count
        for name in watched {
            do throws(SpliceError) {
                if choice & 1 == 0 { try splice.set(name, ByteSlice("[7]"), in: scan) } else { try splice.remove(name, in: scan) }
            } catch {
                // One name may stand more often than there are edits; such a text is to be refused.
                precondition(error == .tooMany(limit: JSONLimits.edits) && scan.count > JSONLimits.edits / 2, "edits never cross: \(error)")
                return
            }
            choice >>= 1
        }
        var result: [UInt8] = []
        splice.forEachRun { result += [UInt8]($0) }
        precondition(result.count == splice.byteCount, "the count is the sum of the runs")
        result.withByteSlice { edited in
            var after = ObjectScan(names: watched)
            precondition(fault { () throws(JSONError) in try after.scan(edited) } == nil, "the result is an object")
            var choice = text.count
            for name in watched {
                let value = after.member(name)?.bytes(in: edited)
                precondition(choice & 1 == 0 ? value.map { $0 == "[7]" } == true : value == nil, "edits took")
                choice >>= 1
            }
            var kept = 0
            for index in 0..<after.count where !isWatched(after[index], edited) {
                while isWatched(scan[kept], text) { kept += 1 }
                precondition(after[index].bytes(in: edited) == scan[kept].bytes(in: text), "untouched bytes stay")
                precondition(edited[after[index].key] == text[scan[kept].key], "untouched names stay")
                kept += 1
            }
        }
    }

    /// A capture never stops short; in pieces it finds what it finds at once; on valid objects, what the scan finds.
    static func capture(_ text: ByteSlice) {
        var whole = MemberCapture("usage")
        var pieces = MemberCapture("usage")
        var range = MemberCapture("usage")
        whole.feed(text)
        var at = 0
        var step = text.count % 7 + 1
        while at < text.count {
            let next = min(text.count, at + step)
            pieces.feed(text[at..<next])
            at = next
            step = step % 7 + 1
        }
        let found = range.range(in: text)
        precondition(whole.isComplete == pieces.isComplete && whole.isMalformed == pieces.isMalformed, "pieces do not matter")
        precondition(whole.isTooLong == pieces.isTooLong, "pieces do not matter")
        precondition(isEqual(whole.value, pieces.value), "pieces do not matter")
        if !whole.isTooLong { precondition(isEqual(whole.value, found.map { text[$0] }), "the range is the value") }
        var scan = ObjectScan(names: ["usage"])
        guard fault({ () throws(JSONError) in try scan.scan(text) }) == nil else { return }
        precondition(whole.isComplete, "a valid object closes")
        precondition(scan.member("usage")?.value == found, "capture and scan agree")
    }

    /// The tape judges as the validator does, and what it says of a text is the text.
    static func tape(_ text: ByteSlice) {
        var tape = JSONTape(nodeLimit: 64)
        var verdict: JSONError?
        do throws(JSONError) {
            let root = try tape.parse(text)
            precondition(root.bytes.count <= text.count, "a value lies in its text")
            walk(root)
        } catch {
            verdict = error
        }
        let wanted = fault { () throws(JSONError) in try JSONText.validate(text) }
        precondition(verdict == wanted || verdict?.fault == .tooMany, "tape and validator judge alike")
    }

    private static func walk(_ value: JSONValue) {
        precondition(fault { () throws(JSONError) in try JSONText.validate(value.bytes) } == nil, "a value is JSON")
        var sum = 0
        for element in value.elements {
            walk(element)
            sum += 1
        }
        for member in value.members {
            precondition(member.name.content.base > value.bytes.base, "a name lies in its object")
            walk(member.value)
            sum += 1
        }
        precondition(sum == value.count, "the count is the number of values")
    }

    private static func fault(_ body: () throws(JSONError) -> Void) -> JSONError? {
        do throws(JSONError) { try body() } catch { return error }
        return nil
    }

    private static func isWatched(_ member: Member, _ text: ByteSlice) -> Bool {
        watched.contains { member.name(in: text) == $0 }
    }

    private static func isEqual(_ left: ByteSlice?, _ right: ByteSlice?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left == right
    }

    /// Decoding never grows a string, and what is decoded compares equal to its source.
    private static func decodeAll(_ member: Member, _ text: ByteSlice) {
        for string in [member.name(in: text), member.string(in: text)].compactMap({ $0 }) {
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(string.content.count, 1))
            defer { memory.deallocate() }
            var writer = ByteWriter(memory, capacity: string.content.count)
            string.decode(into: &writer)
            precondition(!writer.overflowed, "a decoded string is no longer than its source")
            precondition(string == writer.written, "a string equals its decoded form")
            precondition(string.plain == nil || string.content.firstIndex(of: UInt8(ascii: "\\")) == nil, "escapes are flagged")
        }
    }
}

func fuzzScan(_ text: ByteSlice) { JSONFuzz.scan(text) }
func fuzzSplice(_ text: ByteSlice) { JSONFuzz.splice(text) }
func fuzzCapture(_ text: ByteSlice) { JSONFuzz.capture(text) }
func fuzzTape(_ text: ByteSlice) { JSONFuzz.tape(text) }
