import Bytes
import JSON
import Policy

/// `trusted_hosts`, `providers` and `virtual_keys`.
extension ConfigurationReader {
    mutating func trustedHosts(_ field: Field) -> [String] {
        guard let elements = schema.elements(of: field) else { return [] }
        var hosts: [String] = []
        for element in elements {
            guard let text = schema.string(element) else { continue }
            guard ConfigurationReader.isHostPattern(text) else {
                schema.report(
                    "\(quoted(text)) is no host", hint: "write models.internal, *.svc.cluster.local, 10.0.0.5 or fd00::5",
                    at: element)
                continue
            }
            hosts.append(text.lowercased())
        }
        return hosts
    }

    private static func isHostPattern(_ text: String) -> Bool {
        let name = Array((text.hasPrefix("*.") ? String(text.dropFirst(2)) : text).utf8)
        return name.withByteSlice { bytes in
            if IPv6Address(bytes) != nil { return true }
            guard let url = Array("http://".utf8 + name).withByteSlice({ try? HostURL($0).port }) else { return false }
            return url == 80 && !name.contains(UInt8(ascii: ":")) && !name.contains(UInt8(ascii: "/"))
        }
    }

    // MARK: Providers

    mutating func providers(_ field: Field, _ trusted: TrustedHosts) -> [ProviderDeclaration] {
        let known = NameTable(builtIn.map(\.id))
        var declared: [ProviderDeclaration] = []
        var added = 0
        for (id, entry) in schema.entries(of: field) {
            guard name(id, of: "provider", entry) else { continue }
            let builtInIndex = known.index(of: id)
            if builtInIndex == nil { added += 1 }
            let index = builtInIndex ?? builtIn.count + added - 1
            declared.append(provider(entry, ProviderDeclaration(id: id, index: index, isBuiltIn: builtInIndex != nil), trusted))
        }
        return declared
    }

    private mutating func provider(_ field: Field, _ blank: ProviderDeclaration, _ trusted: TrustedHosts) -> ProviderDeclaration {
        var row = blank
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.provider) else { return row }
        if let found = fields["allow_private"] { row.allowsPrivateAddresses = schema.boolean(found) ?? false }
        if let found = fields["base_url"] {
            row.host = host(found, trusted, allowsPrivate: row.allowsPrivateAddresses, remedy: "set allow_private: true")
        } else if !row.isBuiltIn {
            schema.missing("base_url", in: field)
        }
        if let found = fields["dialect"], let word = schema.choice(found, of: DeclaredDialect.allCases.map(\.rawValue)) {
            row.dialect = DeclaredDialect(rawValue: word)
        } else if !row.isBuiltIn {
            row.dialect = .openai
        }
        if let found = fields["auth"], let word = schema.choice(found, of: DeclaredAuth.allCases.map(\.rawValue)) {
            row.auth = DeclaredAuth(rawValue: word)
        } else if !row.isBuiltIn {
            row.auth =
                switch row.dialect {
                case .anthropic: .apiKeyField
                case .gemini: .googleField
                case .openai, .bedrock, nil: .bearer
                }
        }
        if let found = fields["api_key"] { row.apiKey = secret(found) }
        if let found = fields["ca_file"] { row.caFile = path(found) }
        if let found = fields["http2"] { row.http2 = upstreamHTTP2(found) }
        if row.auth == DeclaredAuth.none, let found = fields["api_key"] {
            schema.report("a provider with auth: none takes no api_key", kind: .meaning, at: found)
        }
        if let host = row.host, !host.isSecure, host.verdict == .ordinary, needsCredential(row), let found = fields["base_url"] {
            schema.report(
                "credentials will cross the network unencrypted", hint: "write https://, or auth: none", kind: .meaning,
                severity: .warning, at: found)
        }
        return row
    }

    /// True, false or `prior_knowledge`.
    mutating func upstreamHTTP2(_ field: Field) -> DeclaredHTTP2? {
        switch field.node.value {
        case .boolean(let isOffered): return isOffered ? .offered : .never
        case .string("prior_knowledge"): return .priorKnowledge
        default:
            schema.report("\(quoted(field.name)) must be true, false or prior_knowledge", at: field)
            return nil
        }
    }

    private func needsCredential(_ row: ProviderDeclaration) -> Bool {
        if let auth = row.auth { return auth != .none }
        return row.isBuiltIn ? builtIn[row.index].needsCredential : true
    }

    /// The built-in providers as changed by the file, then its own.
    func catalogRows(_ declared: [ProviderDeclaration]) -> [Catalog.Provider] {
        var rows = builtIn
        for row in declared {
            let provider = Catalog.Provider(id: row.id, needsCredential: needsCredential(row))
            if row.isBuiltIn { rows[row.index] = provider } else { rows.append(provider) }
        }
        return rows
    }

    // MARK: Virtual keys

    mutating func virtualKeys(
        _ field: Field, _ rows: [Catalog.Provider], _ names: NameTable, _ trusted: TrustedHosts
    ) -> [VirtualKeyDeclaration] {
        var declared: [VirtualKeyDeclaration] = []
        for (slug, entry) in schema.entries(of: field) {
            guard name(slug, of: "virtual key", entry) else { continue }
            guard let fields = schema.fields(of: entry, schema: ConfigurationSchema.virtualKey) else { continue }
            let secret = fields["api_key"].flatMap { self.secret($0) }
            let host = fields["custom_host"].flatMap {
                self.host($0, trusted, allowsPrivate: false, remedy: "list it under trusted_hosts")
            }
            // With a fault in it the key is declared all the same, so that configs naming it are not faulted for that.
            let index = provider(of: slug, fields["provider"], in: entry, rows, names) ?? 0
            guard rows.indices.contains(index) else { continue }
            if rows[index].needsCredential, fields["api_key"] == nil { schema.missing("api_key", in: entry) }
            var key = VirtualKeyDeclaration(slug: slug, provider: index, apiKey: secret, host: host)
            key.limits = limits(fields)
            key.priceMultiplier = fields["price_multiplier"].flatMap { multiplier($0) }
            key.allowedModels = fields["allowed_models"].map { patterns($0) } ?? []
            declared.append(key)
        }
        return declared
    }

    private mutating func provider(
        of slug: String, _ field: Field?, in entry: Field, _ rows: [Catalog.Provider], _ names: NameTable
    ) -> Int? {
        guard let field else {
            schema.missing("provider", in: entry)
            return nil
        }
        guard let id = schema.string(field) else { return nil }
        if let index = names.index(of: id) { return index }
        let hint = Nearest.hint(id, among: rows.map(\.id))
        schema.report("virtual key \(quoted(slug)) names no provider: \(quoted(id))", hint: hint, kind: .meaning, at: field)
        return nil
    }

    mutating func secret(
        _ field: Field, _ form: SecretForm = .credential, hint: String = "write env:NAME, file:/path, or the key itself"
    ) -> Secret? {
        guard let text = schema.string(field) else { return nil }
        if let secret = Secret(text, field: field, form: form) { return secret }
        // The text may be the secret itself: it is not repeated.
        schema.report("\(quoted(field.name)) is no secret", hint: hint, at: field)
        return nil
    }

    private mutating func host(_ field: Field, _ trusted: TrustedHosts, allowsPrivate: Bool, remedy: String) -> DeclaredHost? {
        guard let text = schema.string(field) else { return nil }
        let bytes = Array(text.utf8)
        var fault: HostFault?
        let host: DeclaredHost? = bytes.withByteSlice { bytes in
            do throws(HostFault) {
                let url = try HostURL(bytes)
                var verdict = HostRules.verdict(of: url, text: bytes, trusted: trusted)
                if case .refused(let reason) = verdict {
                    guard allowsPrivate, reason.canBeTrusted else { throw reason }
                    verdict = .trusted
                }
                return DeclaredHost(
                    isSecure: url.isSecure, name: String(url.host).lowercased(), isIPv6Literal: url.isIPv6Literal, port: url.port,
                    pathPrefix: String(url.path), verdict: verdict)
            } catch {
                fault = error
                return nil
            }
        }
        if let fault {
            schema.report(
                "\(quoted(field.name)) \(fault.reason)", hint: fault.canBeTrusted ? "\(remedy) to allow it" : nil, at: field)
        }
        return host
    }

    /// Whether `text` can be a name in headers and messages.
    mutating func name(_ text: String, of what: String, _ field: Field) -> Bool {
        let isFine =
            (1...PolicyLimits.nameByteCount).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: ".")
            }
        if !isFine {
            let message = "\(quoted(text)) cannot name a \(what)"
            let hint = "use up to \(PolicyLimits.nameByteCount) letters, digits, \"-\", \"_\" and \".\""
            schema.report(Diagnostic(message, hint: hint, at: field.keyPosition, path: field.path))
        }
        return isFine
    }
}
