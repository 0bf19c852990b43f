import Bytes

/// Names of header fields.
public enum HeaderName {
    /// Whether a text is a token (RFC 9110 §5.6.2) of a length a head can hold.
    public static func isOne(_ name: String) -> Bool {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        return (1...256).contains(name.utf8.count)
            && name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || marks.contains($0) }
    }

    /// Fields that frame a message or belong to one hop, in lower case.
    public static let ofFraming: Set<String> = [
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    ]
}
