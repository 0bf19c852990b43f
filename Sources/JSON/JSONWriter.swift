public import Bytes

/// Writes objects and arrays into memory someone else owns: error answers, log lines, fragments.
///
/// It places commas and colons; names and values come in order. Allocates nothing. What does not
/// fit is dropped and `bytes.overflowed` says so.
public struct JSONWriter {
    /// Where the text goes.
    public private(set) var bytes: ByteWriter
    private var depth = 0
    /// Bit d: something stands in the container at depth d already.
    private var started: UInt64 = 0
    /// Whether a name has been written whose value is due.
    private var isValueDue = false

    public init(_ bytes: ByteWriter) { self.bytes = bytes }

    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    public mutating func endObject() { close(UInt8(ascii: "}")) }
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// The next member's name; its value follows.
    public mutating func key(_ name: ByteSlice) {
        precondition(!isValueDue, "a member has one name")
        separate()
        bytes.append(jsonString: name)
        bytes.append(UInt8(ascii: ":"))
        isValueDue = true
    }

    public mutating func key(_ name: StaticString) { key(ByteSlice(name)) }

    public mutating func string(_ text: ByteSlice) {
        separate()
        bytes.append(jsonString: text)
    }

    public mutating func string(_ text: StaticString) { string(ByteSlice(text)) }

    public mutating func number(_ number: Int) {
        separate()
        bytes.append(decimal: number)
    }

    public mutating func number(_ number: UInt64) {
        separate()
        bytes.append(decimal: number)
    }

    public mutating func bool(_ bool: Bool) {
        separate()
        bytes.append(bool ? "true" : "false")
    }

    public mutating func null() {
        separate()
        bytes.append("null")
    }

    /// A value that is JSON already.
    public mutating func fragment(_ json: ByteSlice) {
        separate()
        bytes.append(json)
    }

    /// A string written by `body` through `append(jsonContent:)`.
    public mutating func string(_ body: (inout ByteWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func open(_ bracket: UInt8) {
        precondition(depth < JSONLimits.openContainers - 1, "a writer has at most JSONLimits.openContainers open")
        separate()
        bytes.append(bracket)
        depth += 1
        started &= ~(1 << UInt64(depth))
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0 && !isValueDue, "what is closed is open and whole")
        bytes.append(bracket)
        depth -= 1
    }

    /// The comma before all but the first, unless a name has just been written.
    private mutating func separate() {
        if isValueDue {
            isValueDue = false
            return
        }
        let bit: UInt64 = 1 << UInt64(depth)
        if depth > 0, started & bit != 0 { bytes.append(UInt8(ascii: ",")) }
        started |= bit
    }
}

extension JSONWriter {
    public mutating func member(_ name: StaticString, _ text: ByteSlice) {
        key(name)
        string(text)
    }

    public mutating func member(_ name: StaticString, _ text: StaticString) { member(name, ByteSlice(text)) }

    public mutating func member(_ name: StaticString, _ number: Int) {
        key(name)
        self.number(number)
    }

    public mutating func member(_ name: StaticString, _ number: UInt64) {
        key(name)
        self.number(number)
    }

    public mutating func member(_ name: StaticString, _ bool: Bool) {
        key(name)
        self.bool(bool)
    }
}
