import Bytes

/// What a model name asks the mock to do: `mock?latency=50&tokens=20`.
///
/// The part before the question mark is any name. Keys are given once; `%41` and `+` are read as in
/// a query. An event is one server-sent event, the opening and closing ones included.
struct Script {
    /// `latency=50`, `latency=20-80`, `latency=p50:20,p99:200`: milliseconds before the answer's first byte.
    var latency = Latency.none
    /// `gap=MS`: between one token and the next.
    var gapNanoseconds: UInt64 = 0
    /// `tokens=N`: the answer's length; its text is repeated or cut to it.
    var tokens: Int?
    /// `size=BYTES`: the answer's text has exactly so many bytes.
    var size: Int?
    /// `reply=TEXT`: the answer's text.
    var reply: ByteSlice?
    /// `echo=1`: the answer's text is the request, as JSON.
    var echo = false
    /// `status=CODE`: answer with it, in the dialect's error shape from 300 up.
    var status: Int?
    /// `retry_after=S`: a Retry-After field on errors.
    var retryAfter: Int?
    /// `fail=K`: the first K requests of each `user` and model fail with `status`, or 500.
    var failures: Int?
    /// `hang=1`: never answer.
    var hang = false
    /// `hang_after=N`: say nothing more after N events.
    var hangAfter: Int?
    /// `cut=N`: close after N events, without the last chunk; 0: before any byte.
    var cut: Int?
    /// `malformed=N`: break the HTTP framing after N events; 0: in the head.
    var malformed: Int?
    /// `garbage=N`: after N events send one whose data is not JSON, and go on.
    var garbage: Int?
    /// `checksum=N`: Bedrock: event N has a wrong one.
    var checksum: Int?
    /// `chunk=BYTES`: send the body in chunks and writes of this size, wherever that cuts it.
    var chunk: Int?
    /// `close=1`: `Connection: close`.
    var close = false
    /// `stale=1`: close the connection right after an answer that promised to keep it.
    var stale = false
    /// `no_usage=1`: say nothing of usage.
    var noUsage = false
    /// `tools=N`: answer with N parallel calls of the tools the request declares, taken in turn; 0: with text all the same.
    var tools: Int?
    /// `thinking=N`: N tokens of thinking come before the answer.
    var thinking = 0
    /// `refusal=1`: the model refuses.
    var refusal = false
    /// `finish=WORD`: why the answer ends.
    var finish: Finish?
    /// `json=1`: the text is JSON that fits the schema the request gives.
    var json = false
    /// `error_after=N`: after N events of a stream send the dialect's error, of `status` or 500, and end.
    var errorAfter: Int?
    /// `cached=N`, `cache_write=N`: so many more tokens of the prompt were read from the cache, and written to it.
    var cached = 0
    var cacheWrite = 0
    /// `audio=BYTES`: the answer is so many bytes of sound, its text their transcript.
    var audio: Int?
    /// `strict=1`: refuse what the provider does not document.
    var strict = false

    /// The status of an answer that succeeds: with `fail`, the scripted one is the failures'.
    var successStatus: Int { failures == nil && errorAfter == nil ? status ?? 200 : 200 }

    /// Whether the answer is made from tools, schemas or stop sequences of the request.
    var looksIntoTheRequest: Bool { tools != nil || json || finish == .stopSequence }

    static let knownKeys: StaticString = """
        latency, tokens, gap, size, reply, echo, status, retry_after, fail, hang, hang_after, cut, malformed, garbage, checksum, chunk, \
        close, stale, no_usage, tools, thinking, refusal, finish, json, error_after, cached, cache_write, audio, strict
        """
}

/// Why a generated answer ends.
enum Finish: UInt8 {
    /// The model had said all.
    case stop
    case length, contentFilter, stopSequence, pause
    case calls, refusal

    /// The word of a script; nil when it is none.
    init?(_ word: ByteSlice) {
        if word == "length" {
            self = .length
        } else if word == "content_filter" {
            self = .contentFilter
        } else if word == "stop_sequence" {
            self = .stopSequence
        } else if word == "pause" {
            self = .pause
        } else {
            return nil
        }
    }
}

/// Why a script cannot be played.
enum ScriptError: Error {
    case unknownKey(String)
    /// `tools` asks for calls of what the request does not declare.
    case noTools
    /// A known key, its value, and what would be right.
    case invalidValue(key: String, value: String, wanted: StaticString)

    /// Appends one sentence, to stand inside a JSON string.
    func write(into output: inout Output) {
        switch self {
        case .unknownKey(let key):
            output.append("unknown script key '")
            output.append(jsonContent: key)
            output.append("'; known: ")
            output.append(Script.knownKeys)
        case .noTools: output.append("script key 'tools' asks for calls, and the request declares no function to call")
        case .invalidValue(let key, let value, let wanted):
            output.append("script key '")
            output.append(jsonContent: key)
            output.append("' cannot be '")
            output.append(jsonContent: value)
            output.append("'; it takes ")
            output.append(wanted)
        }
    }
}

extension Script {
    /// Reads what follows the question mark of a model name.
    /// - Parameter decoded: receives the reply's text, which the script refers to.
    init(_ text: ByteSlice, decoded: inout Output) throws(ScriptError) {
        var rest = text
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.count
            let pair = rest.prefix(end)
            rest = rest.dropFirst(min(end + 1, rest.count))
            if pair.isEmpty { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            try set(pair.prefix(equals), pair.dropFirst(min(equals + 1, pair.count)), &decoded)
        }
    }

    private mutating func set(_ key: ByteSlice, _ value: ByteSlice, _ decoded: inout Output) throws(ScriptError) {
        func number(_ bounds: ClosedRange<Int>, _ wanted: StaticString) throws(ScriptError) -> Int {
            try Script.number(key, value, bounds, wanted)
        }
        func flag() throws(ScriptError) -> Bool { try Script.flag(key, value) }
        func eventCount() throws(ScriptError) -> Int { try number(0...Int(Int32.max), "a number of events") }

        if key == "latency" {
            guard let latency = Latency(value) else {
                throw .invalidValue(key: String(key), value: String(value), wanted: "milliseconds, as 50, 20-80 or p50:20,p99:200")
            }
            self.latency = latency
        } else if key == "tokens" {
            tokens = try number(0...MockLimits.tokens, "a number up to 4000000")
        } else if key == "gap" {
            gapNanoseconds = UInt64(try number(0...MockLimits.milliseconds, "milliseconds up to 3600000")) * 1_000_000
        } else if key == "size" {
            size = try number(0...MockLimits.answerByteCount, "bytes up to 67108864")
        } else if key == "reply" {
            reply = Script.decode(value, into: &decoded)
        } else if key == "echo" {
            echo = try flag()
        } else if key == "status" {
            status = try number(200...599, "a status from 200 to 599")
        } else if key == "retry_after" {
            retryAfter = try number(0...86_400, "seconds up to 86400")
        } else if key == "fail" {
            failures = try number(0...Int(Int32.max), "a number of failures")
        } else if key == "hang" {
            hang = try flag()
        } else if key == "hang_after" {
            hangAfter = try eventCount()
        } else if key == "cut" {
            cut = try eventCount()
        } else if key == "malformed" {
            malformed = try eventCount()
        } else if key == "garbage" {
            garbage = try eventCount()
        } else if key == "checksum" {
            checksum = try eventCount()
        } else if key == "chunk" {
            chunk = try number(1...MockLimits.writeByteCount, "bytes from 1 to 65536")
        } else if key == "close" {
            close = try flag()
        } else if key == "stale" {
            stale = try flag()
        } else if key == "no_usage" {
            noUsage = try flag()
        } else {
            try setContent(key, value)
        }
    }

    /// The keys that say what an answer is made of.
    private mutating func setContent(_ key: ByteSlice, _ value: ByteSlice) throws(ScriptError) {
        if key == "tools" {
            tools = try Script.number(key, value, 0...MockLimits.calls, "a number of calls up to 64")
        } else if key == "thinking" {
            thinking = try Script.number(key, value, 0...MockLimits.tokens, "a number up to 4000000")
        } else if key == "refusal" {
            refusal = try Script.flag(key, value)
        } else if key == "finish" {
            guard let finish = Finish(value) else {
                throw .invalidValue(key: String(key), value: String(value), wanted: "length, content_filter, stop_sequence or pause")
            }
            self.finish = finish
        } else if key == "json" {
            json = try Script.flag(key, value)
        } else if key == "error_after" {
            errorAfter = try Script.number(key, value, 0...Int(Int32.max), "a number of events")
        } else if key == "cached" {
            cached = try Script.number(key, value, 0...MockLimits.tokens, "a number up to 4000000")
        } else if key == "cache_write" {
            cacheWrite = try Script.number(key, value, 0...MockLimits.tokens, "a number up to 4000000")
        } else if key == "audio" {
            audio = try Script.number(key, value, 0...MockLimits.soundByteCount, "bytes up to 1048576")
        } else if key == "strict" {
            strict = try Script.flag(key, value)
        } else {
            throw .unknownKey(String(key))
        }
    }

    private static func number(
        _ key: ByteSlice, _ value: ByteSlice, _ bounds: ClosedRange<Int>, _ wanted: StaticString
    ) throws(ScriptError) -> Int {
        guard let number = value.decimal, bounds.contains(Int(number)) else {
            throw .invalidValue(key: String(key), value: String(value), wanted: wanted)
        }
        return Int(number)
    }

    private static func flag(_ key: ByteSlice, _ value: ByteSlice) throws(ScriptError) -> Bool {
        try number(key, value, 0...1, "0 or 1") == 1
    }

    /// Undoes percent-encoding and `+`; a percent sign without two digits stands for itself.
    private static func decode(_ value: ByteSlice, into decoded: inout Output) -> ByteSlice {
        decoded.removeAll()
        decoded.reserve(value.count)
        var at = 0
        while at < value.count {
            let (byte, width) = PercentText.byte(of: value, at: at)
            // A plus sign that was encoded is one.
            decoded.append(byte == UInt8(ascii: "+") && width == 1 ? 0x20 : byte)
            at += width
        }
        return decoded.bytes
    }
}
