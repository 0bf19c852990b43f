import Bytes
import JSON

/// The keys of a target at Amazon Bedrock.
/// - Source: the wire reference §6.5
extension ConfigReader {
    /// How requests prove themselves to AWS.
    static let amazonModes = ["accessKey", "apiKey"]

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
        if let found = fields["aws_auth_type"], let mode = schema.string(found) { check(mode, found, into: &config) }
    }

    private mutating func check(_ mode: String, _ field: Field, into config: inout Config) {
        switch mode {
        case "assumedRole":
            schema.report("aws_auth_type \(quoted(mode)) is not supported yet", hint: "built: accessKey, apiKey", kind: .unsupported, at: field)
        case "apiKey":
            config.amazon.sendsKey = true
            if !config.amazon.accessKey.isEmpty {
                schema.report("aws_auth_type \"apiKey\" sends a Bedrock API key, and signs nothing", hint: "drop aws_access_key_id", kind: .meaning, at: field)
            }
        case _ where ConfigReader.amazonModes.contains(mode): break
        default: schema.report("unknown aws_auth_type \(quoted(mode))", hint: "one of accessKey, apiKey", at: field)
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
        guard text.utf8.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }) else {
            schema.report("\(quoted(field.name)) is letters and digits", at: field)
            return nil
        }
        return text
    }
}
