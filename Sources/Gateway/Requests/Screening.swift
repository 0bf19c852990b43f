import Books
import Bytes
import Guardrails
import JSON

/// What the checks of one request have come to, for its answer to tell.
///
/// Of the target that is being tried; its memory is there only for requests that have checks.
struct Screening {
    /// The status of an answer although some check failed, and of one that a check has refused.
    /// - Source: the wire reference §7
    static let failedStatus = 246
    static let deniedStatus = 446

    /// Results as a JSON array; empty where no hooks were run.
    var input: [UInt8] = []
    var output: [UInt8] = []
    var inputFailed = false
    var outputFailed = false

    // What of the request's head is told to checks once a streamed body may have taken its place.
    var requestType = RequestType.proxy
    /// The value of `x-portkey-metadata`, where the body streams through and answers are checked.
    var metadata: [UInt8] = []
    /// Whether the client takes more than its dialect has.
    var isLoose = false

    /// What hooks came to before, of other targets and attempts: for the record alone. Objects with a comma between them.
    private var earlier: [UInt8] = []

    /// What the checks of each side have looked at so far, of all targets and attempts.
    private var inputLookedAtByteCount = 0
    private var outputLookedAtByteCount = 0

    var isEmpty: Bool { input.isEmpty && output.isEmpty }
    /// Whether any hook was run, of whichever target.
    var hasVerdicts: Bool { !isEmpty || !earlier.isEmpty }
    var hasFailed: Bool { inputFailed || outputFailed }

    mutating func reset() { self = Screening() }

    /// Before another target is tried.
    mutating func beginTarget() {
        keep(input, "input")
        input = []
        inputFailed = false
        forgetOutput()
    }

    /// Whether the checks of one side may look at `byteCount` more.
    mutating func canLook(at byteCount: Int, _ side: HookSide) -> Bool {
        let before = side == .input ? inputLookedAtByteCount : outputLookedAtByteCount
        guard byteCount <= GuardrailLimits.lookedAtByteCount - before else { return false }
        if side == .input { inputLookedAtByteCount = before + byteCount } else { outputLookedAtByteCount = before + byteCount }
        return true
    }

    /// Before another answer is asked for or judged.
    mutating func forgetOutput() {
        keep(output, "output")
        output = []
        outputFailed = false
    }

    /// Keeps what hooks came to, up to what a record has room for, and one hook set more: what is longer it leaves out.
    private mutating func keep(_ results: [UInt8], _ side: String) {
        if !results.isEmpty, earlier.count <= BooksLimits.guardrailsByteCount { Screening.append(results, side, to: &earlier) }
    }

    /// `{"before_request_hooks":[…],"after_request_hooks":[…]}`
    var results: [UInt8] {
        let none = Array("[]".utf8)
        return Array("{\"before_request_hooks\":".utf8) + (input.isEmpty ? none : input) + Array(",\"after_request_hooks\":".utf8)
            + (output.isEmpty ? none : output) + [UInt8(ascii: "}")]
    }

    /// What each hook came to, without what its checks have to say: `[{"id":"…","side":"input","verdict":true,"deny":false},…]`; empty where none was
    /// run. Where a record has no room for those of all targets, those of the last.
    var verdicts: [UInt8] {
        var own: [UInt8] = []
        Screening.append(input, "input", to: &own)
        Screening.append(output, "output", to: &own)
        let all = earlier + (earlier.isEmpty || own.isEmpty ? [] : [UInt8(ascii: ",")]) + own
        let list = all.count + 2 > BooksLimits.guardrailsByteCount ? own : all
        return list.isEmpty ? [] : [UInt8(ascii: "[")] + list + [UInt8(ascii: "]")]
    }

    private static func append(_ results: [UInt8], _ side: String, to list: inout [UInt8]) {
        results.withByteSlice { results in
            guard let hooks = JSONView(results), hooks.kind == .array else { return }
            for hook in hooks.elements {
                list += Array((list.isEmpty ? "{" : ",{").utf8)
                for name in ["id", "verdict", "deny"] as [StaticString] {
                    guard let value = hook.child(ByteSlice(name)) else { continue }
                    list += Array("\"\(name)\":\(String(value.bytes)),".utf8)
                }
                list += Array("\"side\":\"\(side)\"}".utf8)
            }
        }
    }

    /// What is put into an object in place of its closing brace.
    ///
    /// - Parameter isFirst: whether the object has no other member.
    func member(isFirst: Bool) -> [UInt8] { Array((isFirst ? "\"hook_results\":" : ",\"hook_results\":").utf8) + results + [UInt8(ascii: "}")] }

    /// The event that tells of the input's checks, before all others of a stream.
    func event(named: Bool) -> [UInt8] {
        Array((named ? "event: hook_results\ndata: " : "data: ").utf8) + Array("{\"hook_results\":{\"before_request_hooks\":".utf8) + input
            + Array("}}\n\n".utf8)
    }
}
