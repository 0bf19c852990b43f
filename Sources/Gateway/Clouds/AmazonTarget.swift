import Bytes
import Ledger
import Policy
import Providers
import Tokens

/// A region of Amazon Bedrock as a target names it, and whose keys its requests are signed with.
struct AmazonTarget {
    var region = BedrockPath.defaultRegion
    /// Of the keys that sign; empty where the credential is a Bedrock API key, which is sent itself.
    var accessKey: [UInt8] = []
    var sessionToken: [UInt8] = []
    /// A secret access key that came in a header of its own.
    var secret: [UInt8]?

    /// The role the keys assume; empty where they sign themselves.
    var role = ""
    var externalID = ""

    var signs: Bool { !accessKey.isEmpty }

    /// Whether a credential has the form of a secret access key: 40 digits of base64.
    static func looksLikeSecret(_ credential: [UInt8]) -> Bool {
        credential.count == 40
            && credential.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
    }

    /// What signs the requests that carry `secret`; nil where it is sent itself.
    func signer(_ secret: [UInt8]?, _ origin: Origin, for service: StaticString = "bedrock") -> AmazonSigning? {
        guard signs, let secret else { return nil }
        let host = Array(origin.authority.utf8)
        if !role.isEmpty { return .role(RoleSigner(region: Array(region.utf8), service: service, host: host)) }
        return .key(
            AmazonSigner(
                accessKey: accessKey, secret: secret, sessionToken: sessionToken, region: Array(region.utf8), service: service, host: host))
    }

    /// Where the keys of the role come from.
    ///
    /// - Parameter endpoint: nil for the region's own token service.
    func tokenSource(_ secret: [UInt8]?, endpoint: String?) -> TokenSource? {
        guard signs, !role.isEmpty, let secret, let own = BedrockPath.tokenHost(ofRegion: region) else { return nil }
        let assumed = AssumedRole(
            arn: role, externalID: externalID, region: region, accessKey: String(decoding: accessKey, as: UTF8.self), secret: secret,
            sessionToken: sessionToken)
        return TokenSource(assumed, endpoint: endpoint ?? "https://\(own)")
    }
}

extension RouteBuilder {
    /// Where the target is and how its requests prove themselves: as its config says, or as the request's headers do where they name
    /// the provider.
    func amazon(_ target: Target, _ program: Program, _ headers: RoutingHeaders, _ settings: Snapshot.Settings?) throws(Rejection) -> AmazonTarget {
        let written = written(target, program, settings) { $0.amazon.isSaid }
        let (options, program) = (written.options.amazon, written.program)
        let given = isNamedByHeaders(target, headers) ? headers.amazon : AmazonHeaders()
        func text(_ configured: ByteRun, _ header: ByteSlice) -> [UInt8] { configured.isEmpty ? [UInt8](header) : [UInt8](program.bytes(configured)) }
        var amazon = AmazonTarget()
        let region = String(decoding: text(options.region, given.region), as: UTF8.self)
        if !region.isEmpty { amazon.region = region }
        guard BedrockPath.host(ofRegion: amazon.region) != nil else {
            throw Rejection(.invalidHeader, "a region of AWS's is a name such as eu-central-1", parameter: "x-portkey-aws-region")
        }
        guard !options.sendsKey, !options.accessKey.isEmpty || !given.authType.equalsIgnoringCase("apikey") else { return amazon }
        amazon.accessKey = text(options.accessKey, given.accessKey)
        amazon.sessionToken = text(options.sessionToken, given.sessionToken)
        if !given.secret.isEmpty { amazon.secret = [UInt8](given.secret) }
        guard AmazonName.isAccessKey(amazon.accessKey) else {
            throw Rejection(.invalidHeader, "an access key's id is letters and digits", parameter: "x-portkey-aws-access-key-id")
        }
        if amazon.accessKey.isEmpty, amazon.secret != nil || !amazon.sessionToken.isEmpty {
            let sentence = "a secret access key and a session token need the key's id: send x-portkey-aws-access-key-id"
            throw Rejection(.missingCredential, sentence, parameter: "x-portkey-aws-access-key-id")
        }
        try role(options, program, given, into: &amazon)
        return amazon
    }

    private func role(_ options: AmazonOptions, _ program: Program, _ given: AmazonHeaders, into amazon: inout AmazonTarget) throws(Rejection) {
        let role = options.role.isEmpty ? [UInt8](given.role) : [UInt8](program.bytes(options.role))
        let externalID = options.externalID.isEmpty ? [UInt8](given.externalID) : [UInt8](program.bytes(options.externalID))
        if role.isEmpty {
            guard !given.authType.equalsIgnoringCase("assumedrole") else {
                throw Rejection(.invalidHeader, "a role to assume needs its ARN: send x-portkey-aws-role-arn", parameter: "x-portkey-aws-role-arn")
            }
            return
        }
        guard AmazonName.isRole(role) else {
            throw Rejection(.invalidHeader, "a role is an ARN such as arn:aws:iam::123456789012:role/name", parameter: "x-portkey-aws-role-arn")
        }
        guard externalID.isEmpty || AmazonName.isExternalID(externalID) else {
            let sentence = "an external id is 2 to \(PolicyLimits.externalIDByteCount) letters, digits and _+=,.@:/-"
            throw Rejection(.invalidHeader, sentence, parameter: "x-portkey-aws-external-id")
        }
        guard amazon.signs else {
            let sentence = "a role is assumed with an access key: send x-portkey-aws-access-key-id"
            throw Rejection(.missingCredential, sentence, parameter: "x-portkey-aws-access-key-id")
        }
        amazon.role = String(decoding: role, as: UTF8.self)
        amazon.externalID = String(decoding: externalID, as: UTF8.self)
    }

    /// The credential of a target at Amazon Bedrock: the secret that signs, in place of what was found so far. Where a request's headers, or
    /// the config in them, name the region, the key or a role, nothing of the operator's goes there.
    func chooseSecret(
        _ amazon: AmazonTarget, _ target: Target, _ headers: RoutingHeaders, isVirtualKey: Bool, isOperatorConfig: Bool,
        _ credential: inout [UInt8]?, _ source: inout CredentialSource
    ) throws(Rejection) {
        let isNamedInConfig = !isOperatorConfig && target.options.amazon.namesPlace
        if isNamedInConfig || isNamedByHeaders(target, headers) && headers.amazon.namesPlace {
            if source == .operators { throw ownHostOnly("a virtual key's requests go") }
            if source == .callersElseOperators { (credential, source) = (nil, .callers) }
        }
        guard amazon.signs else {
            // A Bedrock API key is longer; what signs is never sent.
            if let secret = credential, source != .callers, AmazonTarget.looksLikeSecret(secret) {
                throw Rejection(
                    .missingCredential, "the credential looks like a secret access key, which signs and is never sent: set aws_access_key_id beside it",
                    parameter: "aws_access_key_id")
            }
            return
        }
        if let own = amazon.secret, !isVirtualKey { (credential, source) = (own, .written) }
        guard source == .written || source == .operators else {
            throw Rejection(
                .missingCredential, "an access key needs its secret: send x-portkey-aws-secret-access-key or set aws_secret_access_key",
                parameter: "aws_secret_access_key")
        }
    }
}
