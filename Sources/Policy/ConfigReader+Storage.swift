import JSON

/// The keys of a target's files: where they are kept, and for which model.
/// - Source: the wire reference §2.1, §6.5
extension ConfigReader {
    mutating func storage(_ fields: Fields, into config: inout Config) {
        if let found = fields["aws_s3_bucket"] { config.storage.bucket = bucket(found) ?? "" }
        if let found = fields["vertex_storage_bucket_name"] {
            if !config.storage.bucket.isEmpty { schema.report("a target keeps its files in one bucket", hint: "drop aws_s3_bucket", kind: .meaning, at: found) }
            config.storage.bucket = bucket(found) ?? ""
        }
        for name in ["aws_s3_object_key", "filename"] {
            guard let found = fields[name], let text = headerText(found) else { continue }
            if BucketName.isKey(Array(text.utf8)) {
                config.storage.key = text
            } else {
                schema.report("\(quoted(found.name)) is up to \(PolicyLimits.objectKeyByteCount) bytes without empty segments, \".\" and \"..\"", at: found)
            }
        }
        for name in ["aws_bedrock_model", "vertex_model_name"] {
            if let found = fields[name] { config.storage.model = headerText(found) ?? "" }
        }
        if let found = fields["aws_server_side_encryption"], let text = headerText(found) {
            if BucketName.encryptions.contains(text) {
                config.storage.encryption = text
            } else {
                schema.report("unknown \(quoted(found.name)) \(quoted(text))", hint: "one of \(BucketName.encryptions.joined(separator: ", "))", at: found)
            }
        }
        if let found = fields["aws_server_side_encryption_kms_key_id"] { config.storage.encryptionKey = headerText(found) ?? "" }
    }

    private mutating func bucket(_ field: Field) -> String? {
        guard let text = headerText(field) else { return nil }
        guard BucketName.isBucket(Array(text.utf8)) else {
            schema.report("\(quoted(field.name)) is 3 to \(PolicyLimits.bucketByteCount) small letters, digits, \".\", \"-\" and \"_\"", at: field)
            return nil
        }
        return text
    }
}
