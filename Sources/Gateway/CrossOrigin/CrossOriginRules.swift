import Bytes

/// From where web pages may ask, and read the answers.
/// - Source: the Fetch Standard, "HTTP CORS protocol"
public struct CrossOriginRules: Sendable {
    /// Where a page comes from, as the configuration writes it.
    public enum Origin: Sendable, Hashable {
        case any
        /// `https://app.example.com`
        case exact(String)
        /// `https://*.example.com`: what stands before and behind the star.
        case below(scheme: String, suffix: String)
    }

    private let allowsAny: Bool
    private let exact: [[UInt8]]
    private let below: [(scheme: [UInt8], suffix: [UInt8])]
    /// How long a browser may remember the answer to a preflight.
    let maxAgeSeconds: UInt64

    public init(_ origins: [Origin], maxAgeSeconds: UInt64) {
        allowsAny = origins.contains(.any)
        exact = origins.compactMap { if case .exact(let text) = $0 { Array(text.utf8) } else { nil } }
        below = origins.compactMap { if case .below(let scheme, let suffix) = $0 { (Array(scheme.utf8), Array(suffix.utf8)) } else { nil } }
        self.maxAgeSeconds = maxAgeSeconds
    }

    /// What to answer a page of `origin` with: the origin, or `*`; nil when it may not ask.
    func answer(to origin: ByteSlice) -> ByteSlice? {
        if allowsAny { return ByteSlice("*") }
        guard origin.count <= GatewayLimits.originByteCount else { return nil }
        for one in exact where one.withByteSlice({ $0 == origin }) { return origin }
        for (scheme, suffix) in below where CrossOriginRules.isBelow(origin, scheme, suffix) { return origin }
        return nil
    }

    private static func isBelow(_ origin: ByteSlice, _ scheme: [UInt8], _ suffix: [UInt8]) -> Bool {
        let labelCount = origin.count - scheme.count - suffix.count
        guard labelCount > 0, scheme.withByteSlice({ origin.hasPrefix($0) }) else { return false }
        guard suffix.withByteSlice({ origin.dropFirst(scheme.count + labelCount) == $0 }) else { return false }
        let labels = origin.dropFirst(scheme.count).prefix(labelCount)
        // What stands for the star is part of the name.
        for index in 0..<labels.count {
            switch labels[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): continue
            default: return false
            }
        }
        return true
    }
}
