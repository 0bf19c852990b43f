import Bytes
import JSON

/// How a request wants its answer: not a part of the question.
public struct RequestedForm: BitwiseCopyable, Equatable, Sendable {
    public var isStream = false
    /// A stream is to end with its usage.
    public var includesUsage = false
    /// It says something that is no part of its key and that a reader may refuse: an option of streams, or null for a truth value.
    public var isUnusual = false

    public init(isStream: Bool = false, includesUsage: Bool = false, isUnusual: Bool = false) {
        self.isStream = isStream
        self.includesUsage = includesUsage
        self.isUnusual = isUnusual
    }
}

/// Hashes JSON texts by what they say: white space and the order of members do not count, the order of elements does; strings count
/// decoded, numbers as they are written.
///
/// An object's hash is made from the sum of its members' hashes, so that nothing is sorted. One a worker; a text costs no allocation.
struct BodyHasher: ~Copyable {
    private let seed: CacheSeed
    private let frames: UnsafeMutablePointer<Frame>
    /// Hashes of the names in the objects that are open, the innermost last.
    private let names: UnsafeMutablePointer<UInt64>
    private let seen: UnsafeMutablePointer<UInt64>
    private var nameCount = 0

    /// A container that is open.
    private struct Frame: BitwiseCopyable {
        var isObject: Bool
        /// Takes an array's elements, or an object's current member.
        var hash: SipHash
        /// Of an object's members so far.
        var sum = Digest()
        var count: UInt64 = 0
        var firstName = 0
    }

    /// What stands before each value, so that no two kinds of value look alike.
    private enum Mark {
        static let string = UInt8(ascii: "s")
        static let number = UInt8(ascii: "n")
        static let object = UInt8(ascii: "o")
        static let array = UInt8(ascii: "a")
        /// Ends what has no length of its own. UTF-8 has no such byte.
        static let end: UInt8 = 0xFF
    }

    init(_ seed: CacheSeed) {
        self.seed = seed
        frames = .allocate(capacity: CacheKeyLimits.depth)
        names = .allocate(capacity: CacheKeyLimits.openNames)
        seen = .allocate(capacity: CacheKeyLimits.filterWords)
    }

    deinit {
        frames.deallocate()
        names.deallocate()
        seen.deallocate()
    }

    /// The hash of `text`, an object that a scan has found to be JSON, and the form it asks for.
    ///
    /// `stream`, and a `stream_options` that says no more than `include_usage`, are left out of it.
    /// - Returns: nil for a text with a name twice in one object, which two readers may take for two requests, and for one that is past a limit.
    mutating func hash(_ text: ByteSlice) -> (digest: Digest, form: RequestedForm)? {
        nameCount = 0
        var form = RequestedForm()
        var at = skipSpace(text, 0)
        guard at < text.count, text[at] == UInt8(ascii: "{") else { return nil }
        var depth = 0
        open(&depth, isObject: true)
        at = skipSpace(text, at + 1)
        var isFirst = true
        while true {
            guard at < text.count else { return nil }
            let top = frames + (depth - 1)
            if text[at] == (top.pointee.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                guard let digest = close(&depth) else { return nil }
                if depth == 0 { return skipSpace(text, at + 1) == text.count ? (digest, form) : nil }
                let outer = frames + (depth - 1)
                outer.pointee.hash.append(top.pointee.isObject ? Mark.object : Mark.array)
                outer.pointee.hash.append(digest.low)
                outer.pointee.hash.append(digest.high)
                endValue(depth)
                at = skipSpace(text, at + 1)
                isFirst = false
                continue
            }
            if !isFirst {
                guard text[at] == UInt8(ascii: ",") else { return nil }
                at = skipSpace(text, at + 1)
            }
            if top.pointee.isObject {
                let nameStart = at
                guard beginMember(top, text, &at) else { return nil }
                at = skipSpace(text, at)
                guard at < text.count, text[at] == UInt8(ascii: ":") else { return nil }
                let name = JSONString(content: text[nameStart + 1..<nameEnd - 1], hasEscapes: nameHasEscapes)
                at = skipSpace(text, at + 1)
                if depth == 1, let end = BodyHasher.formEnd(name, text.dropFirst(at), &form) {
                    at = skipSpace(text, at + end)
                    isFirst = false
                    continue
                }
            }
            guard at < text.count else { return nil }
            switch text[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < CacheKeyLimits.depth else { return nil }
                open(&depth, isObject: text[at] == UInt8(ascii: "{"))
                at = skipSpace(text, at + 1)
                isFirst = true
                continue
            case UInt8(ascii: "\""):
                top.pointee.hash.append(Mark.string)
                guard appendString(text, &at, to: &top.pointee.hash) != nil else { return nil }
            default:
                guard appendPlain(text, &at, to: &top.pointee.hash) else { return nil }
            }
            endValue(depth)
            at = skipSpace(text, at)
            isFirst = false
        }
    }

    // MARK: Containers

    private mutating func open(_ depth: inout Int, isObject: Bool) {
        var frame = Frame(isObject: isObject, hash: SipHash(seed))
        if !isObject { frame.hash.append(Mark.array) }
        frame.firstName = nameCount
        (frames + depth).initialize(to: frame)
        depth += 1
    }

    /// The hash of the innermost container; nil when it has a name twice.
    private mutating func close(_ depth: inout Int) -> Digest? {
        depth -= 1
        let frame = (frames + depth).pointee
        guard frame.isObject else { return frame.hash.finish() }
        guard !repeatsName(from: frame.firstName) else { return nil }
        nameCount = frame.firstName
        var hash = SipHash(seed)
        hash.append(Mark.object)
        hash.append(frame.count)
        hash.append(frame.sum.low)
        hash.append(frame.sum.high)
        return hash.finish()
    }

    /// A value of the innermost container is over.
    private func endValue(_ depth: Int) {
        let frame = frames + (depth - 1)
        guard frame.pointee.isObject else { return }
        frame.pointee.sum.add(frame.pointee.hash.finish())
        frame.pointee.count &+= 1
    }

    private var nameEnd = 0
    private var nameHasEscapes = false

    /// Takes a member's name, which its hash begins with.
    private mutating func beginMember(_ frame: UnsafeMutablePointer<Frame>, _ text: ByteSlice, _ at: inout Int) -> Bool {
        guard at < text.count, text[at] == UInt8(ascii: "\""), nameCount < CacheKeyLimits.openNames else { return false }
        frame.pointee.hash = SipHash(seed)
        guard let hasEscapes = appendString(text, &at, to: &frame.pointee.hash) else { return false }
        nameEnd = at
        nameHasEscapes = hasEscapes
        names[nameCount] = frame.pointee.hash.finish().low
        nameCount += 1
        return nameCount - frame.pointee.firstName <= CacheKeyLimits.members
    }

    /// Whether two of the names from `first` on are one. Few are compared with each other; many meet a filter first, which the
    /// seed keeps anybody from filling on purpose.
    private func repeatsName(from first: Int) -> Bool {
        let count = nameCount - first
        if count <= 8 {
            for index in first..<nameCount where isNamed(names[index], from: first, to: index) { return true }
            return false
        }
        seen.update(repeating: 0, count: CacheKeyLimits.filterWords)
        for index in first..<nameCount {
            let name = names[index]
            let word = Int(truncatingIfNeeded: name &>> 6) & (CacheKeyLimits.filterWords - 1)
            let bit: UInt64 = 1 &<< (name & 63)
            if seen[word] & bit != 0, isNamed(name, from: first, to: index) { return true }
            seen[word] |= bit
        }
        return false
    }

    private func isNamed(_ name: UInt64, from first: Int, to end: Int) -> Bool {
        for index in first..<end where names[index] == name { return true }
        return false
    }

    // MARK: Values

    /// Past the value of a member that says in what form the answer is wanted, and nothing else; nil for any other member.
    private static func formEnd(_ name: JSONString, _ rest: ByteSlice, _ form: inout RequestedForm) -> Int? {
        guard name.content.count >= 6 else { return nil }
        if name == "stream" {
            guard let value = JSONView(rest), value.kind == .true || value.kind == .false || value.kind == .null else { return nil }
            form.isStream = value.kind == .true
            if value.kind == .null { form.isUnusual = true }
            return value.bytes.count
        }
        guard name == "stream_options", let value = JSONView(rest) else { return nil }
        form.isUnusual = true
        if value.kind == .null { return value.bytes.count }
        guard value.kind == .object else { return nil }
        var includesUsage = false
        var count = 0
        for member in value.members {
            guard member.name == "include_usage", member.value.kind == .true || member.value.kind == .false else { return nil }
            includesUsage = member.value.kind == .true
            count += 1
        }
        guard count <= 1 else { return nil }
        form.includesUsage = includesUsage
        return value.bytes.count
    }

    /// Feeds the string that opens at `at`, decoded, and moves past it; whether it has escapes, nil when it does not end.
    ///
    /// A surrogate without its other half is fed as the three bytes it would have: as no character of UTF-8 has them, it is told from all others.
    private func appendString(_ text: ByteSlice, _ at: inout Int, to hash: inout SipHash) -> Bool? {
        var start = at + 1
        var hasEscapes = false
        while true {
            let end = BodyHasher.markIndex(text, from: start)
            guard end < text.count else { return nil }
            hash.append(text[start..<end])
            if text[end] == UInt8(ascii: "\"") {
                hash.append(Mark.end)
                at = end + 1
                return hasEscapes
            }
            hasEscapes = true
            guard let next = BodyHasher.appendEscape(text, end, to: &hash) else { return nil }
            start = next
        }
    }

    /// The first quotation mark or backslash from `start` on; past the text when there is none.
    private static func markIndex(_ text: ByteSlice, from start: Int) -> Int {
        ByteLanes.firstOffset(in: text.base, from: start, to: text.count) { lanes in
            (lanes .== ByteLanes.all(UInt8(ascii: "\""))) .| (lanes .== ByteLanes.all(UInt8(ascii: "\\")))
        }
    }

    /// Feeds what the escape at `at` stands for; past it, or nil when it is none.
    private static func appendEscape(_ text: ByteSlice, _ at: Int, to hash: inout SipHash) -> Int? {
        guard at + 1 < text.count else { return nil }
        switch text[at + 1] {
        case UInt8(ascii: "n"): hash.append(0x0A as UInt8)
        case UInt8(ascii: "t"): hash.append(0x09 as UInt8)
        case UInt8(ascii: "r"): hash.append(0x0D as UInt8)
        case UInt8(ascii: "b"): hash.append(0x08 as UInt8)
        case UInt8(ascii: "f"): hash.append(0x0C as UInt8)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): hash.append(text[at + 1])
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(text, at + 2) else { return nil }
            if unit & 0xFC00 == 0xD800, at + 7 < text.count, text[at + 6] == UInt8(ascii: "\\"), text[at + 7] == UInt8(ascii: "u"),
                let low = codeUnit(text, at + 8), low & 0xFC00 == 0xDC00
            {
                append(scalar: 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF, to: &hash)
                return at + 12
            }
            append(scalar: unit, to: &hash)
            return at + 6
        default: return nil
        }
        return at + 2
    }

    private static func codeUnit(_ text: ByteSlice, _ start: Int) -> UInt32? {
        guard text.count - start >= 4 else { return nil }
        var unit: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = ASCII.hexValue(text[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func append(scalar: UInt32, to hash: inout SipHash) {
        let tail = { (shift: UInt32) in 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
        if scalar < 0x80 { return hash.append(UInt8(truncatingIfNeeded: scalar)) }
        if scalar < 0x800 {
            hash.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
        } else {
            if scalar < 0x10000 {
                hash.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
            } else {
                hash.append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
                hash.append(tail(12))
            }
            hash.append(tail(6))
        }
        hash.append(tail(0))
    }

    /// Feeds a number or a literal as it is written, and moves past it.
    private func appendPlain(_ text: ByteSlice, _ at: inout Int, to hash: inout SipHash) -> Bool {
        let start = at
        while at < text.count, BodyHasher.isPlain(text[at]) { at += 1 }
        guard at > start else { return false }
        hash.append(Mark.number)
        hash.append(text[start..<at])
        hash.append(Mark.end)
        return true
    }

    /// The bytes of numbers, `true`, `false` and `null`.
    private static func isPlain(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || ASCII.isLetter(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }

    private func skipSpace(_ text: ByteSlice, _ start: Int) -> Int {
        var at = start
        while at < text.count, text[at] <= 0x20 { at += 1 }
        return at
    }
}
