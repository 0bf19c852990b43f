import Bytes
import JSON

/// The keys of a target at Amazon Bedrock.
/// - Source: the wire reference §6.5
extension ConfigReader {
    /// How requests prove themselves to AWS.
    static let amazonModes = ["accessKey", "apiKey", "assumedRole"]

    mutating func amazon(_ fields: Fields, into config: inout Config) {
        if let found = fields["aws_region"] { config.amazon.region = region(found) ?? "" }
        if let found = fields["aws_access_key_id"] { config.amazon.accessKey = accessKey(found) ?? "" }
        if let found = fields["aws_session_token"] { config.amazon.sessionToken = headerText(found) ?? "" }
        if let found = fields["aws_secret_access_key"] {
            if config.apiKey != nil {
                schema.report("a target has an api_key or an aws_secret_access_key, not both", kind: .meaning, at: found)
            }
            if fields["aws_access_key_id"] == nil {
                schema.report("a secret access key needs its id", hint: "set aws_access_key_id", kind: .meaning, at: found)
            }
            config.apiKey = apiKey(found)
        } else if let found = fields["aws_access_key_id"], fields["api_key"] == nil, config.virtualKey == nil, fields["credentials"] == nil {
            schema.report(
                "an access key needs its secret", hint: "set aws_secret_access_key, or name a virtual_key that holds it", kind: .meaning, at: found)
        }
        if let found = fields["aws_session_token"], fields["aws_access_key_id"] == nil {
            schema.report("a session token needs its access key", hint: "set aws_access_key_id", kind: .meaning, at: found)
        }
        role(fields, into: &config)
        if let found = fields["aws_auth_type"], let mode = schema.string(found) { check(mode, found, into: &config) }
    }

    /// The role that the access key is to assume.
    private mutating func role(_ fields: Fields, into config: inout Config) {
        if let found = fields["aws_role_arn"], let text = headerText(found) {
            if AmazonName.isRole(Array(text.utf8)) {
                config.amazon.role = text
            } else {
                schema.report("\(quoted(found.name)) is an ARN such as arn:aws:iam::123456789012:role/name", at: found)
            }
            if fields["aws_access_key_id"] == nil {
                schema.report("a role is assumed with an access key", hint: "set aws_access_key_id", kind: .meaning, at: found)
            }
        }
        if let found = fields["aws_external_id"], let text = headerText(found) {
            if fields["aws_role_arn"] == nil { schema.report("an external id belongs to a role", hint: "set aws_role_arn", kind: .meaning, at: found) }
            if AmazonName.isExternalID(Array(text.utf8)) {
                config.amazon.externalID = text
            } else {
                schema.report("\(quoted(found.name)) is 2 to \(PolicyLimits.externalIDByteCount) letters, digits and _+=,.@:/-", at: found)
            }
        }
    }

    private mutating func check(_ mode: String, _ field: Field, into config: inout Config) {
        switch mode {
        case "assumedRole":
            if config.amazon.role.isEmpty { schema.report("a role to assume needs its ARN", hint: "set aws_role_arn", kind: .meaning, at: field) }
        case "apiKey":
            config.amazon.sendsKey = true
            if !config.amazon.accessKey.isEmpty {
                schema.report("aws_auth_type \"apiKey\" sends a Bedrock API key, and signs nothing", hint: "drop aws_access_key_id", kind: .meaning, at: field)
            }
        case "accessKey":
            if !config.amazon.role.isEmpty {
                schema.report("aws_auth_type \"accessKey\" assumes no role", hint: "drop aws_role_arn, or say assumedRole", kind: .meaning, at: field)
            }
        default:
            schema.report("unknown aws_auth_type \(quoted(mode))", hint: "one of \(ConfigReader.amazonModes.joined(separator: ", "))", at: field)
        }
    }

    /// A name that becomes part of a host at Amazon's: nothing that could lead elsewhere.
    private mutating func region(_ field: Field) -> String? {
        guard let text = headerText(field) else { return nil }
        let isName = text.utf8.count <= PolicyLimits.regionByteCount && text.first != "-" && text.last != "-" && text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-")
        }
        guard isName else {
            schema.report("\(quoted(field.name)) is a name such as eu-central-1", at: field)
            return nil
        }
        return text
    }

    private mutating func accessKey(_ field: Field) -> String? {
        guard let text = headerText(field) else { return nil }
        guard AmazonName.isAccessKey(Array(text.utf8)) else {
            schema.report("\(quoted(field.name)) is letters and digits", at: field)
            return nil
        }
        return text
    }
}
