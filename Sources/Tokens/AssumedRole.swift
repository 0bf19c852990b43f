import Bytes
import JSON

/// A role at AWS that an access key assumes, for an hour at a time.
///
/// - Source: AWS Security Token Service API Reference, "AssumeRole"; "Common Errors"
public struct AssumedRole: Hashable, Sendable {
    /// `arn:aws:iam::123456789012:role/name`
    let arn: String
    /// What the role's owner wants to hear; empty for nothing.
    let externalID: String
    let region: String
    let accessKey: String
    let secret: Secret
    /// Of temporary credentials; else empty.
    let sessionToken: Secret

    /// - Parameters:
    ///   - accessKey: letters, digits and "_".
    ///   - region: a name of one; requests are signed for it.
    public init(arn: String, externalID: String, region: String, accessKey: String, secret: [UInt8], sessionToken: [UInt8]) {
        self.arn = arn
        self.externalID = externalID
        self.region = region
        self.accessKey = accessKey
        self.secret = secret.withByteSlice { Secret($0) }
        self.sessionToken = sessionToken.withByteSlice { Secret($0) }
    }

    func form() -> Wiped {
        Wiped(capacity: TokenLimits.formFrameByteCount + 3 * (arn.utf8.count + externalID.utf8.count)) { writer in
            writer.append("Action=AssumeRole&Version=2011-06-15&RoleSessionName=sluice&DurationSeconds=")
            writer.append(decimal: TokenLimits.roleSeconds)
            writer.append(field: "RoleArn", encoding: arn)
            if !externalID.isEmpty { writer.append(field: "ExternalId", encoding: externalID) }
        }
    }

    /// `accessKey:secret`, as libcurl takes it, with a NUL at its end.
    func userAndPassword() -> Wiped {
        Wiped(capacity: accessKey.utf8.count + secret.count + 2) { writer in
            Array(accessKey.utf8).withByteSlice { writer.append($0) }
            writer.append(":")
            secret.withBytes { writer.append($0) }
            writer.append(0)
        }
    }

    /// The request's further fields, a NUL after each and one more at their end. The service answers in JSON who asks for it, else in XML.
    func fields() -> Wiped {
        Wiped(capacity: sessionToken.count + 64) { writer in
            writer.append("Accept: application/json")
            writer.append(0)
            if sessionToken.count > 0 {
                writer.append("X-Amz-Security-Token: ")
                sessionToken.withBytes { writer.append($0) }
                writer.append(0)
            }
            writer.append(0)
        }
    }

    /// Reads the service's answer in JSON; a token is the role's key id, its secret and its session token, a NUL after each.
    ///
    /// - Parameter wallSeconds: now, seconds since 1970, by which the answer says when they end.
    func read(_ root: JSONValue, status: Int, authority: String, now: UInt64, wallSeconds: UInt64) -> TokenOutcome {
        let result = root["AssumeRoleResponse"]?["AssumeRoleResult"]?["Credentials"]
        guard status == 200, let result else {
            let code = root["Error"]?["Code"]?.string.map { String($0.content.prefix(min(100, $0.content.count))) } ?? "no Credentials"
            let words = root["Error"]?["Message"]?.string.map { ": " + String($0.content.prefix(min(300, $0.content.count))) } ?? ""
            return .refused("\(authority) did not let \(accessKey) assume \(arn) (\(status), \(code)\(words))")
        }
        var bytes: [UInt8] = []
        for name in ["AccessKeyId", "SecretAccessKey", "SessionToken"] as [StaticString] {
            guard let text = result[name]?.string?.plain, !text.isEmpty, text.firstIndex(of: 0) == nil, text.count <= TokenLimits.answerByteCount else {
                return .refused("\(authority) answered without \(name.description)")
            }
            bytes += UnsafeBufferPointer(start: text.base, count: text.count)
            bytes.append(0)
        }
        // Seconds since 1970, with an exponent as a rule; a clock that is wrong must not make it longer than was asked for.
        let asked = TokenLimits.roleSeconds
        let ends = result["Expiration"].flatMap { JSONNumber.double($0.bytes) } ?? Double(wallSeconds) + Double(asked)
        let left = ends - Double(wallSeconds)
        guard left >= 1 else { return .refused("\(authority) gave keys of \(arn) that have ended already") }
        return .granted(AccessToken(bytes: bytes, now: now, lifeNanoseconds: UInt64(min(left, Double(asked))) * 1_000_000_000))
    }
}
