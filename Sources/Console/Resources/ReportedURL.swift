/// Where a request went that somebody tells of.
///
/// Taken apart by its bytes: a mark joins what stands before it, and would hide that from whoever looks at characters.
struct ReportedURL {
    /// `https://`, or `//`, as it was written; empty where it names no server.
    private let opening: Substring
    /// Without what stands before an `@`, which may be a credential.
    private let server: Substring
    /// From the path on, without a fragment, which no server is sent.
    private let rest: Substring

    init(_ url: String) {
        let bytes = url.utf8
        func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") }
        func isSlash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }
        var start = url.startIndex
        // Clients find the server behind however many there are, leaning either way, and blanks among them (WHATWG URL, §4.4).
        if let slash = bytes.firstIndex(where: { isEnd($0) || isSlash($0) }), isSlash(bytes[slash]) {
            let run = bytes[slash...].firstIndex { !isSlash($0) && $0 > 0x20 } ?? bytes.endIndex
            let names = bytes[..<slash].last { $0 > 0x20 }
            if names == UInt8(ascii: ":") || names == nil && bytes[slash..<run].dropFirst().contains(where: isSlash) { start = run }
        }
        let end = bytes[start...].firstIndex(where: isEnd) ?? bytes.endIndex
        opening = url[..<start]
        server = url[(bytes[start..<end].lastIndex(of: UInt8(ascii: "@")).map { bytes.index(after: $0) } ?? start)..<end]
        rest = url[end..<(bytes[end...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex)]
    }

    /// In small letters, without its port; empty where no server is named.
    var host: String { opening.isEmpty ? "" : Substring(server.utf8.prefix { $0 != UInt8(ascii: ":") }).lowercased() }

    var path: String { (opening.isEmpty ? String(server) : "") + Substring(rest.utf8.prefix { $0 != UInt8(ascii: "?") }) }

    /// Whole, as a request's first line has it.
    var target: String { String(opening) + server + rest }
}
