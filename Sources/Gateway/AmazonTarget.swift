import Bytes
import Ledger
import Policy
import Providers

/// A region of Amazon Bedrock as a target names it, and whose keys its requests are signed with.
struct AmazonTarget {
    var region = BedrockPath.defaultRegion
    /// Of the keys that sign; empty where the credential is a Bedrock API key, which is sent itself.
    var accessKey: [UInt8] = []
    var sessionToken: [UInt8] = []
    /// A secret access key that came in a header of its own.
    var secret: [UInt8]?

    var signs: Bool { !accessKey.isEmpty }

    static func isKeyByte(_ byte: UInt8) -> Bool { ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") }

    /// What signs the requests that carry `secret`; nil where it is sent itself.
    func signer(_ secret: [UInt8]?, _ origin: Origin) -> AmazonSigner? {
        guard signs, let secret else { return nil }
        return AmazonSigner(
            accessKey: accessKey, secret: secret, sessionToken: sessionToken, region: Array(region.utf8), service: "bedrock",
            host: Array(origin.authority.utf8))
    }
}

extension RouteBuilder {
    /// Where the target is and how its requests prove themselves: as its config says, or as the request's headers do where they name
    /// the provider.
    func amazon(_ target: Target, _ program: Program, _ headers: RoutingHeaders) throws(Rejection) -> AmazonTarget {
        let options = target.options.amazon
        let given = isNamedByHeaders(target, headers) ? headers.amazon : AmazonHeaders()
        func text(_ configured: ByteRun, _ header: ByteSlice) -> [UInt8] { configured.isEmpty ? [UInt8](header) : [UInt8](program.bytes(configured)) }
        var amazon = AmazonTarget()
        let region = String(decoding: text(options.region, given.region), as: UTF8.self)
        if !region.isEmpty { amazon.region = region }
        guard BedrockPath.host(ofRegion: amazon.region) != nil else {
            throw Rejection(.invalidHeader, "a region of AWS's is a name such as eu-central-1", parameter: "x-portkey-aws-region")
        }
        if given.authType.equalsIgnoringCase("assumedrole") {
            let sentence = "x-portkey-aws-auth-type assumedRole is not supported yet; built: access keys, apiKey"
            throw Rejection(.unsupportedConfig, sentence, parameter: "x-portkey-aws-auth-type")
        }
        guard !options.sendsKey, !given.authType.equalsIgnoringCase("apikey") else { return amazon }
        amazon.accessKey = text(options.accessKey, given.accessKey)
        amazon.sessionToken = text(options.sessionToken, given.sessionToken)
        if !given.secret.isEmpty { amazon.secret = [UInt8](given.secret) }
        guard amazon.accessKey.count <= PolicyLimits.credentialByteCount, amazon.accessKey.allSatisfy(AmazonTarget.isKeyByte) else {
            throw Rejection(.invalidHeader, "an access key's id is letters and digits", parameter: "x-portkey-aws-access-key-id")
        }
        if amazon.accessKey.isEmpty, amazon.secret != nil || !amazon.sessionToken.isEmpty {
            let sentence = "a secret access key and a session token need the key's id: send x-portkey-aws-access-key-id"
            throw Rejection(.missingCredential, sentence, parameter: "x-portkey-aws-access-key-id")
        }
        return amazon
    }

    /// The credential of a target at Amazon Bedrock: the secret that signs, in place of what was found so far. Where a request's headers name the
    /// region or the key, nothing of the operator's goes there.
    func chooseSecret(
        _ amazon: AmazonTarget, _ target: Target, _ headers: RoutingHeaders, isVirtualKey: Bool, _ credential: inout [UInt8]?,
        _ source: inout CredentialSource
    ) throws(Rejection) {
        if isNamedByHeaders(target, headers), headers.amazon.namesPlace {
            if source == .operators { throw ownHostOnly("a virtual key's requests go") }
            if source == .callersElseOperators { (credential, source) = (nil, .callers) }
        }
        guard amazon.signs else { return }
        if let own = amazon.secret, !isVirtualKey { (credential, source) = (own, .written) }
        guard source == .written || source == .operators else {
            throw Rejection(
                .missingCredential, "an access key needs its secret: send x-portkey-aws-secret-access-key or set aws_secret_access_key",
                parameter: "aws_secret_access_key")
        }
    }
}
