import Bytes
import Policy

/// An Azure deployment as a target names it.
struct AzureTarget {
    var resource = ""
    /// Empty: the body's model names it.
    var deployment: [UInt8] = []
    var version: [UInt8] = []
    /// A client of Entra's whose secret is the credential; empty for none.
    var tenant = ""
    var client = ""
    var scope = ""
    /// No credential: the machine vouches for its requests.
    var identity = AzureIdentity.none
    var identityClient = ""
    /// The credential is a token of Entra's.
    var usesToken = false
    /// A credential that came in a header of its own.
    var secret: [UInt8]?

    /// Whether `name` can stand in a host or a query without leading elsewhere.
    static func isName(_ name: [UInt8]) -> Bool {
        guard let first = name.first, let last = name.last else { return true }
        // A label begins and ends with a letter or digit; dots alone would be a step in a path.
        guard ASCII.isLetter(first) || ASCII.isDigit(first), ASCII.isLetter(last) || ASCII.isDigit(last) else { return false }
        return name.count <= 64 && name.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }
}
