public import Bytes
import JSON

/// Names of a check, with each as the JSON its result repeats it in.
public struct NameList: Sendable {
    private let names: [[UInt8]]
    private let quoted: [[UInt8]]

    public init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
        quoted = names.map { name in
            var json: [UInt8] = []
            DocumentNode.write(name, into: &json)
            return json
        }
    }

    public var count: Int { names.count }
    public var isEmpty: Bool { names.isEmpty }

    /// Whether one of the names is `text`.
    public func contains(_ text: ByteSlice) -> Bool {
        for name in names where name.withByteSlice({ $0 == text }) { return true }
        return false
    }

    /// The place of the name that `text` is, decoded.
    func index(of text: JSONString) -> Int? {
        for index in names.indices where names[index].withByteSlice({ text == $0 }) { return index }
        return nil
    }

    /// Appends the names for which `isListed`, as a JSON array.
    func write(into report: inout [UInt8], where isListed: (Int) -> Bool) {
        report.append(UInt8(ascii: "["))
        var isFirst = true
        for index in quoted.indices where isListed(index) {
            if !isFirst { report.append(UInt8(ascii: ",")) }
            isFirst = false
            report += quoted[index]
        }
        report.append(UInt8(ascii: "]"))
    }
}
