public import Bytes
import JSON

/// What a caller says of the work that its request is a part of: the members of one `baggage` field, one after the other.
///
///     userId=alice, serverNode=DF%2028;isProduction
/// Members without a name or a value's sign are passed over, and so is what a member says of itself behind a semicolon.
/// - Source: W3C Baggage, §3.3.1
public struct Baggage {
    private var rest: ByteSlice

    /// - Parameter field: the field's value.
    public init(_ field: ByteSlice) { rest = field }

    /// The next member that can be read.
    public mutating func next() -> Member? {
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.count
            let member = rest.prefix(end)
            rest = rest.dropFirst(min(end + 1, rest.count))
            let said = member.prefix(member.firstIndex(of: UInt8(ascii: ";")) ?? member.count)
            guard let sign = said.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = said.prefix(sign).trimmed
            guard !name.isEmpty, Baggage.isToken(name) else { continue }
            return Member(name: name, value: said.dropFirst(sign + 1).trimmed)
        }
        return nil
    }

    /// One member.
    public struct Member {
        /// A token (RFC 9110 §5.6.2): it stands in JSON as it is.
        public let name: ByteSlice
        /// As it was sent, with `%` and two digits for some bytes.
        public let value: ByteSlice

        /// Appends the value's meaning as a JSON string. A `%` without two digits stands for itself.
        public func appendValue(to writer: inout ByteWriter) {
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: value.count + 1) { room in
                guard let base = room.baseAddress else { return }
                var plain = ByteWriter(base, capacity: value.count)
                PercentText.decode(value) { plain.append($0) }
                writer.append(jsonString: plain.written)
            }
        }
    }

    private static func isToken(_ name: ByteSlice) -> Bool {
        for index in 0..<name.count {
            let byte = name[index]
            guard !ASCII.isLetter(byte), !ASCII.isDigit(byte) else { continue }
            switch byte {
            case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"),
                UInt8(ascii: "~"):
                continue
            default: return false
            }
        }
        return true
    }
}
