import Bytes
import Ledger

/// What signs a target's requests.
enum AmazonSigning {
    /// The target's own access key.
    case key(AmazonSigner)
    /// The keys of a role it assumes.
    case role(RoleSigner)
}

/// Signs with the keys of an assumed role, which change with each token.
final class RoleSigner {
    private let region: [UInt8]
    private let service: StaticString
    private let host: [UInt8]
    /// The token that `signer` was made of.
    private var token: OwnedBytes?
    private var signer: AmazonSigner?

    init(region: [UInt8], service: StaticString, host: [UInt8]) {
        self.region = region
        self.service = service
        self.host = host
    }

    /// What signs with `token`: key id, secret and session token, a NUL after each. Nil when it is none.
    func signer(of token: OwnedBytes) -> AmazonSigner? {
        if token === self.token { return signer }
        self.token = token
        signer = nil
        var parts: [[UInt8]] = []
        var start = 0
        for at in 0..<token.slice.count where token.slice[at] == 0 {
            parts.append([UInt8](token.slice[start..<at]))
            start = at + 1
        }
        guard parts.count == 3 else { return nil }
        signer = AmazonSigner(
            accessKey: parts[0], secret: parts[1], sessionToken: parts[2], region: region, service: service, host: host)
        return signer
    }
}
