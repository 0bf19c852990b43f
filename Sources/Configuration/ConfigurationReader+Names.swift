import Bytes
import JSON
import Policy

/// `configs`, `default` and `keys`.
extension ConfigurationReader {
    mutating func configs(_ field: Field, _ catalog: Catalog) -> [NamedConfig] {
        let compiler = PolicyCompiler(catalog: catalog, origin: .file)
        var configs: [NamedConfig] = []
        for (name, entry) in schema.entries(of: field) {
            _ = self.name(name, of: "config", entry)
            let compiled = compiler.compile(entry)
            for diagnostic in compiled.diagnostics { schema.report(diagnostic) }
            if let program = compiled.program { configs.append(NamedConfig(name: name, program: program, digest: contentDigest(entry.node))) }
        }
        return configs
    }

    /// The same for the same values, however the file writes them.
    private func contentDigest(_ node: DocumentNode) -> String {
        let digits = String(node.json.withByteSlice { CRC32C.of($0) }, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The index of the config a value names.
    mutating func configName(_ field: Field) -> Int? {
        guard let name = schema.string(field) else { return nil }
        if let index = configNames.firstIndex(of: name) { return index }
        let hint = configNames.isEmpty ? "no configs are declared" : Nearest.hint(name, among: configNames)
        schema.report("\(quoted(field.name)) names no config: \(quoted(name))", hint: hint, kind: .meaning, at: field)
        return nil
    }

    // MARK: Keys

    mutating func keys(_ field: Field) -> [KeyDeclaration] {
        var keys: [KeyDeclaration] = []
        var names: [[UInt8]: String] = [:]
        var holders: [DeclaredCertificate: String] = [:]
        for (name, entry) in schema.entries(of: field) {
            guard self.name(name, of: "key", entry), let key = key(name, entry) else { continue }
            if let digest = key.digest {
                if let twin = names.updateValue(name, forKey: digest) {
                    let message = "key \(quoted(name)) has the digest of key \(quoted(twin))"
                    schema.report(message, hint: "make a key for each", kind: .meaning, at: entry)
                }
            } else if let certificate = key.certificate, let twin = holders.updateValue(name, forKey: certificate) {
                schema.report("key \(quoted(name)) is for the certificate of key \(quoted(twin))", hint: "keep one", kind: .meaning, at: entry)
            }
            keys.append(key)
        }
        return keys
    }

    private mutating func key(_ name: String, _ field: Field) -> KeyDeclaration? {
        // A key without settings may be its digest alone.
        if case .string = field.node.value { return digest(field).map { KeyDeclaration(name: name, digest: $0) } }
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.key) else { return nil }
        let config = fields["config"].flatMap { configName($0) }
        let expiresAt = fields["expires"].flatMap { expiry($0) }
        let certificate = fields["client_certificate"].flatMap { clientCertificate($0) }
        guard fields["digest"] != nil || fields["client_certificate"] != nil else {
            schema.missing("digest", in: field)
            return nil
        }
        let digest = fields["digest"].flatMap { self.digest($0) }
        guard digest != nil || certificate != nil else { return nil }
        var key = KeyDeclaration(name: name, digest: digest, config: config, expiresAt: expiresAt, certificate: certificate)
        key.limits = limits(fields)
        key.allowed = allowed(fields)
        key.metadata = fields["metadata"].flatMap { metadata($0) }
        return key
    }

    /// Names and texts, as a JSON object; nil where there are none.
    private mutating func metadata(_ field: Field) -> String? {
        let entries = schema.entries(of: field)
        if entries.count > ConfigurationLimits.metadataCount {
            schema.report("\(quoted(field.name)) has \(entries.count) pairs; up to \(ConfigurationLimits.metadataCount) are possible", at: field)
        }
        for (name, entry) in entries {
            guard let text = schema.string(entry) else { continue }
            if max(name.utf8.count, text.utf8.count) > ConfigurationLimits.metadataByteCount {
                schema.report("\(quoted(name)) has a name or a text of more than \(ConfigurationLimits.metadataByteCount) bytes", at: entry)
            }
        }
        let text = field.node.json
        if text.count > ConfigurationLimits.metadataTextByteCount {
            schema.report("\(quoted(field.name)) has \(text.count) bytes of JSON; at most \(ConfigurationLimits.metadataTextByteCount) are taken", at: field)
        }
        return entries.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    private mutating func clientCertificate(_ field: Field) -> DeclaredCertificate? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.clientCertificate) else { return nil }
        let hint = "write subject: \"CN=search,O=Acme\" as openssl x509 -subject -nameopt RFC2253 prints it, or san: \"URI:spiffe://acme/search\""
        switch (fields["subject"], fields["san"]) {
        case (let found?, nil): return certificateName(found).map { .subject($0) }
        case (nil, let found?):
            guard let name = certificateName(found) else { return nil }
            guard ["DNS:", "URI:", "email:"].contains(where: { name.hasPrefix($0) && name.utf8.count > $0.utf8.count }) else {
                schema.report("\(quoted(name)) does not say of what kind it is", hint: "begin with DNS:, URI: or email:", at: found)
                return nil
            }
            return .alternativeName(name)
        default:
            schema.report("\(quoted(field.name)) has one of \"subject\" and \"san\"", hint: hint, at: field)
            return nil
        }
    }

    private mutating func certificateName(_ field: Field) -> String? {
        guard let text = schema.string(field) else { return nil }
        if (1...ConfigurationLimits.certificateNameByteCount).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        schema.report(
            "\(quoted(field.name)) must have 1 to \(ConfigurationLimits.certificateNameByteCount) printable ASCII characters",
            hint: "openssl x509 -subject -nameopt RFC2253 escapes the others", at: field)
        return nil
    }

    private mutating func digest(_ field: Field) -> [UInt8]? {
        guard let text = schema.string(field) else { return nil }
        let digits = Array(text.utf8.dropFirst(7))
        guard text.hasPrefix("sha256:"), digits.count == 64, let digest = ConfigurationReader.bytes(hexadecimal: digits) else {
            // Someone may have pasted the key itself: it is not repeated.
            schema.report(
                "\(quoted(field.name)) is not sha256: and 64 hexadecimal digits", hint: "sluice key new prints both key and digest",
                at: field)
            return nil
        }
        return digest
    }

    private static func bytes(hexadecimal digits: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            guard let high = ASCII.hexValue(digits[index]), let low = ASCII.hexValue(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private mutating func expiry(_ field: Field) -> Int64? {
        guard let text = schema.string(field) else { return nil }
        if let time = UTCTime.seconds(text) { return time }
        schema.report("\(quoted(text)) is no date", hint: "write 2027-01-31 or 2027-01-31T12:00:00Z", at: field)
        return nil
    }
}

/// The hint of a name that is not declared.
enum Nearest {
    static func hint(_ name: String, among names: [String]) -> String {
        if let nearest = NearestName.find(name, among: names) { return "did you mean \(quoted(nearest))?" }
        return "declared: " + names.map { quoted($0) }.joined(separator: ", ")
    }
}
