/// The library that made a request, as far as its fields say.
public struct CallingLibrary: Equatable, Sendable {
    public let name: String
    /// Empty where none is said.
    public let version: String
}

extension RequestRecord {
    /// Portkey's SDK where it names itself, else what stands first in the agent: `OpenAI/Python 2.30.0`, `curl/8.5.0`.
    public var library: CallingLibrary? {
        if let dash = sdk.lastIndex(of: "-") { return CallingLibrary(name: String(sdk[..<dash]), version: String(sdk[sdk.index(after: dash)...])) }
        let products = agent.split(separator: " ", maxSplits: 2)
        guard let first = products.first else { return nil }
        // Stainless's SDKs have their language where others have a version.
        if products.count > 1, RequestRecord.isVersion(products[1]), first.contains("/") {
            return CallingLibrary(name: String(first), version: String(products[1]))
        }
        guard let slash = first.lastIndex(of: "/"), RequestRecord.isVersion(first[first.index(after: slash)...]) else {
            return CallingLibrary(name: String(first), version: "")
        }
        return CallingLibrary(name: String(first[..<slash]), version: String(first[first.index(after: slash)...]))
    }

    /// How its config chose; nil where it came to no target, or did not go through the gateway.
    public var mode: RecordedMode? { target.isEmpty || figures.flags.contains(.reported) ? nil : figures.mode }

    private static func isVersion(_ text: Substring) -> Bool { text.utf8.first.map { (0x30...0x39).contains($0) } ?? false }
}
