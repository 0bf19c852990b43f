import Bytes

/// Finds the members usage is told by in one JSON text that may come in pieces.
///
/// It follows only the containers they can stand in, by their exact path: a `usage` in a tool's
/// arguments is not taken for the provider's. Everything else is skipped by counting brackets. It
/// does not validate: the bytes belong to the client, and what cannot be followed is left unread.
/// Member names with escapes are not recognised; no provider writes them. Not to be copied: it is of some two thousand bytes.
struct UsageScan: ~Copyable {
    private enum State: UInt8 {
        case value
        case afterValue
        case name
        case insideName
        case nameEscape
        case colon
        case text
        case textEscape
        case number
        case literal
        case skippedText
        case skippedTextEscape
        case skippedContainer
        case finished
    }

    /// The usage objects closed so far; of several the last meaningful one.
    var usage = ReportedUsage()
    // What these said last stands until it is said otherwise, in whichever text of an answer.
    var model = ModelText()
    var finishReason = WordText()
    /// The terms it was served at, and Anthropic's other word for them.
    var serviceTier = WordText()
    var speed = WordText()
    /// The model that Anthropic's was advised by.
    var advisor = ModelText()
    /// What the text, an event, says it is.
    var type = WordText()
    /// Whether a usage object has closed in this text.
    var hasUsage = false
    var hasChoices = false
    var choiceCount = 0

    private var state = State.value
    private var containers = FollowedContainers(repeating: .root)
    private var depth = 0
    /// Brackets open inside the container being skipped; 0 outside.
    private var skippedDepth = 0
    private var slot = Slot.object(.root)
    private var name = MemberNameText()
    private var isNameEscaped = false
    /// The text under way: half a name would be another's.
    var text = ModelText()
    private var number: Int64 = 0
    private var isNumberUsable = true
    private var isFraction = false
    /// The usage object that is being read, and the turn of Anthropic's within it.
    var pending = ReportedUsage()
    var turn = ReportedUsage()
    var turnModel = ModelText()
    var isInTurn = false
    /// What the counts of one element of a list are of.
    var modality = WordText()
    /// What the text's outermost object is.
    private var root = Container.root

    init(_ dialect: Dialect) {
        root = UsageScan.root(dialect)
        slot = .object(root)
    }

    private static func root(_ dialect: Dialect) -> Container {
        switch dialect {
        case .openAI, .anthropic: .root
        case .gemini: .geminiRoot
        case .bedrock: .bedrockRoot
        }
    }

    /// The counts of one usage object that stands by itself.
    static func read(_ object: ByteSlice, as container: Container) -> ReportedUsage {
        var scan = UsageScan(.openAI)
        scan.root = container
        scan.slot = .object(container)
        scan.feed(object)
        return scan.usage
    }

    /// Makes this the scan of another answer. In place: the texts' storage is not cleared.
    mutating func reset(_ dialect: Dialect) {
        root = UsageScan.root(dialect)
        usage.removeAll()
        model.removeAll()
        finishReason.removeAll()
        serviceTier.removeAll()
        speed.removeAll()
        advisor.removeAll()
        reset()
    }

    /// Makes this the scan of the answer's next text.
    mutating func reset() {
        type.removeAll()
        isInTurn = false
        hasUsage = false
        hasChoices = false
        choiceCount = 0
        state = .value
        depth = 0
        skippedDepth = 0
        slot = .object(root)
    }

    /// Reads the next bytes of the text.
    mutating func feed(_ bytes: ByteSlice) {
        var at = 0
        while at < bytes.count {
            switch state {
            case .skippedText, .skippedContainer: at = skip(bytes, from: at)
            case .skippedTextEscape:
                state = .skippedText
                at += 1
            case .value: at += beginValue(bytes[at])
            case .afterValue: at += afterValue(bytes[at])
            case .name:
                at = followMembers(bytes, from: at)
                if state == .name, at < bytes.count { at += beginName(bytes[at]) }
            case .insideName: at = readName(bytes, from: at)
            case .nameEscape:
                state = .insideName
                at += 1
            case .colon: at += readColon(bytes[at])
            case .text: at = readText(bytes, from: at)
            case .textEscape: at += readEscape(bytes[at])
            case .number: at += readNumber(bytes[at])
            case .literal: at += readLiteral(bytes[at])
            case .finished: return
            }
        }
    }

    /// Whether every bracket that was opened has been closed.
    var isFinished: Bool { state == .finished }

    private var container: Container { containers[depth - 1] }

    // MARK: Skipping

    /// Passes over a skipped text or container, from string to string.
    private mutating func skip(_ bytes: ByteSlice, from start: Int) -> Int {
        var at = start
        while at < bytes.count {
            if state == .skippedText {
                at = ByteRun.endOfText(bytes, from: at)
                guard at < bytes.count else { return at }
                if bytes[at] == UInt8(ascii: "\\") {
                    state = .skippedTextEscape
                    return at + 1
                }
                at += 1
                state = skippedDepth > 0 ? .skippedContainer : .afterValue
                if skippedDepth == 0 { return at }
            } else {
                at = ByteRun.endOfPlain(bytes, from: at)
                guard at < bytes.count else { return at }
                switch bytes[at] {
                case UInt8(ascii: "\""): state = .skippedText
                case UInt8(ascii: "{"), UInt8(ascii: "["): skippedDepth += 1
                default: skippedDepth -= 1
                }
                at += 1
                if skippedDepth == 0 {
                    state = .afterValue
                    return at
                }
            }
        }
        return at
    }

    // MARK: Values

    /// Takes the first byte of a value. Returns how many bytes were taken.
    private mutating func beginValue(_ byte: UInt8) -> Int {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: return 1
        case UInt8(ascii: "{"), UInt8(ascii: "["): open(byte)
        case UInt8(ascii: "\""): beginText()
        case UInt8(ascii: "]"):
            // An empty array; its bracket is read where any other's is.
            state = .afterValue
            return 0
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            number = 0
            isNumberUsable = true
            isFraction = false
            state = .number
            return 0
        default: state = .literal
        }
        return 1
    }

    private mutating func open(_ bracket: UInt8) {
        if depth > 0, container.isOfChoices { choiceCount += 1 }
        switch slot {
        case .object(let inner) where bracket == UInt8(ascii: "{") && depth < containers.count:
            begin(inner)
            push(inner)
            state = .name
        case .array(let inner) where bracket == UInt8(ascii: "[") && depth < containers.count:
            if inner.isOfChoices {
                hasChoices = true
                choiceCount = 0
            }
            push(inner)
            slot = inner.element.map { .object($0) } ?? .skipped
            state = .value
        default:
            skippedDepth = 1
            state = depth == 0 ? .finished : .skippedContainer
        }
    }

    private mutating func push(_ inner: Container) {
        containers[depth] = inner
        depth += 1
    }

    private mutating func beginText() {
        guard case .word = slot, depth > 0 else {
            state = .skippedText
            return
        }
        text.removeAll()
        state = .text
    }

    private mutating func afterValue(_ byte: UInt8) -> Int {
        guard depth > 0 else {
            state = .finished
            return 1
        }
        switch byte {
        case UInt8(ascii: ","):
            if let element = container.element {
                slot = .object(element)
                state = .value
            } else {
                state = .name
            }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): close()
        default: break
        }
        return 1
    }

    private mutating func close() {
        end(container, in: depth > 1 ? containers[depth - 2] : root)
        depth -= 1
        state = depth == 0 ? .finished : .afterValue
    }

    // MARK: Members

    /// Follows members as long as each is plain and whole in this piece, which nearly all are: no state is
    /// stored between a name, its colon and its value. Stops at what it leaves to the states.
    private mutating func followMembers(_ bytes: ByteSlice, from start: Int) -> Int {
        let container = container
        var at = start
        while true {
            while at < bytes.count, bytes[at] <= 0x20 { at &+= 1 }
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { return at }
            let nameEnd = ByteRun.endOfText(bytes, from: at &+ 1)
            // A quote, a colon, at most one space, and the value's first byte.
            guard nameEnd &+ 3 < bytes.count, bytes[nameEnd] == UInt8(ascii: "\""), bytes[nameEnd &+ 1] == UInt8(ascii: ":") else { return at }
            let value = nameEnd &+ (bytes[nameEnd &+ 2] == 0x20 ? 3 : 2)
            let slot = MemberNames.slot(of: bytes[(at &+ 1)..<nameEnd], in: container)
            guard var end = scalarEnd(bytes, from: value, slot) else {
                self.slot = slot
                state = .value
                return value
            }
            while end < bytes.count, bytes[end] <= 0x20 { end &+= 1 }
            guard end < bytes.count, bytes[end] == UInt8(ascii: ",") else {
                state = .afterValue
                return end
            }
            at = end &+ 1
        }
    }

    /// Past a scalar that is only counted or skipped, and whole in this piece; nil for any other value.
    @inline(__always)
    private mutating func scalarEnd(_ bytes: ByteSlice, from start: Int, _ slot: Slot) -> Int? {
        switch bytes[start] {
        case UInt8(ascii: "\""):
            guard case .skipped = slot else { return nil }
            let quote = ByteRun.endOfText(bytes, from: start &+ 1)
            return quote < bytes.count && bytes[quote] == UInt8(ascii: "\"") ? quote &+ 1 : nil
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard case .count(let count) = slot else { return literalEnd(bytes, from: start) }
            var at = start
            var number: Int64 = 0
            // Fifteen digits fit whatever they are.
            while at < bytes.count, at &- start < 15, ASCII.isDigit(bytes[at]) {
                number = number &* 10 &+ Int64(bytes[at] &- 0x30)
                at &+= 1
            }
            guard at < bytes.count, bytes[at] == UInt8(ascii: ",") || bytes[at] == UInt8(ascii: "}") || bytes[at] <= 0x20 else { return nil }
            if number <= Limits.tokenCount { note(count, number) }
            return at
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return literalEnd(bytes, from: start)
        default: return nil
        }
    }

    /// Past a number or a word: up to what ends any value.
    @inline(__always)
    private func literalEnd(_ bytes: ByteSlice, from start: Int) -> Int? {
        var at = start
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return at
            default: at &+= 1
            }
        }
        return nil
    }

    // MARK: Names in pieces

    private mutating func beginName(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "\""):
            name.removeAll()
            isNameEscaped = false
            state = .insideName
        case UInt8(ascii: "}"): close()
        default: break
        }
        return 1
    }

    private mutating func readName(_ bytes: ByteSlice, from start: Int) -> Int {
        var at = start
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\"") {
                slot = isNameEscaped ? .skipped : name.withBytes { MemberNames.slot(of: $0, in: container) }
                state = .colon
                return at
            }
            if byte == UInt8(ascii: "\\") {
                isNameEscaped = true
                state = .nameEscape
                return at
            }
            name.append(byte)
        }
        return at
    }

    private mutating func readColon(_ byte: UInt8) -> Int {
        if byte == UInt8(ascii: ":") { state = .value }
        return 1
    }

    // MARK: Scalars

    private mutating func readText(_ bytes: ByteSlice, from start: Int) -> Int {
        let end = ByteRun.endOfText(bytes, from: start)
        text.append(bytes[start..<end])
        guard end < bytes.count else { return end }
        if bytes[end] == UInt8(ascii: "\"") {
            if case .word(let word) = slot { keepText(as: word) }
            state = .afterValue
        } else {
            state = .textEscape
        }
        return end + 1
    }

    /// Takes the byte after a backslash. `\/`, `\"` and `\\` stand for themselves; what names hold
    /// no other escape of stays as it was written.
    private mutating func readEscape(_ byte: UInt8) -> Int {
        if byte != UInt8(ascii: "/"), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            text.append(UInt8(ascii: "\\"))
        }
        text.append(byte)
        state = .text
        return 1
    }

    private mutating func readNumber(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            if isFraction { return 1 }
            let (scaled, overflowed) = number.multipliedReportingOverflow(by: 10)
            let (sum, carried) = scaled.addingReportingOverflow(Int64(byte &- 0x30))
            if overflowed || carried { isNumberUsable = false } else { number = sum }
            return 1
        case UInt8(ascii: "."):
            isFraction = true
            return 1
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"), UInt8(ascii: "E"):
            isNumberUsable = false
            return 1
        default:
            if case .count(let count) = slot, isNumberUsable, number <= Limits.tokenCount {
                note(count, number)
            }
            state = .afterValue
            return 0
        }
    }

    /// `true`, `false`, `null`, or whatever stands in a value's place.
    private mutating func readLiteral(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"):
            state = .afterValue
            return 0
        default: return 1
        }
    }
}
