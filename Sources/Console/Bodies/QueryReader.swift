import Bytes
import JSON

/// Reads the parameters of a query, which are described as a body's members are.
enum QueryReader {
    static func read(_ bytes: [UInt8], _ fields: [BodyField]) throws(ConsoleError) -> Body {
        guard bytes.count <= ConsoleLimits.queryByteCount else {
            throw .invalid("", "the query has \(bytes.count) bytes; at most \(ConsoleLimits.queryByteCount) are read")
        }
        var members: [DocumentMember] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = text(sides[0]), let value = text(sides.count > 1 ? sides[1] : []) else { throw .invalid("", "the query is no UTF-8") }
            // What is given without a value is not given.
            guard !value.isEmpty else { continue }
            members.append(DocumentMember(name: name, position: .start, value: .text(value)))
        }
        var reader = BodyReader(readsTexts: true)
        let node = reader.object(DocumentNode(.object(members), at: .start), BodyShape(fields), "")
        guard reader.faults.isEmpty else { throw .invalid(reader.faults) }
        return Body(node: node)
    }

    /// Nil when it is no UTF-8.
    private static func text(_ bytes: some Collection<UInt8>) -> String? {
        let plain = bytes.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }
        return String(validating: plain.withByteSlice { PercentText.decoded($0) }, as: UTF8.self)
    }
}
