import JSON
import Policy

/// `listen`.
extension ConfigurationReader {
    mutating func listen(_ field: Field) -> [ListenerDeclaration] {
        // One address may stand without a list.
        if case .array = field.node.value {} else { return listener(field).map { [$0] } ?? [] }
        guard let elements = schema.elements(of: field) else { return [] }
        guard (1...ConfigurationLimits.listenCount).contains(elements.count) else {
            schema.report("\"listen\" must have 1 to \(ConfigurationLimits.listenCount) addresses", at: field)
            return []
        }
        var listeners: [ListenerDeclaration] = []
        for element in elements {
            guard let listener = listener(element) else { continue }
            if case .ip(_, let port) = listener.address, port != 0, listeners.contains(where: { $0.address == listener.address }) {
                schema.report("\(listener.address) is listed twice", hint: "keep one", kind: .meaning, at: element)
                continue
            }
            listeners.append(listener)
        }
        return listeners
    }

    private mutating func listener(_ field: Field) -> ListenerDeclaration? {
        if case .string = field.node.value { return address(field).map { ListenerDeclaration(address: $0) } }
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.listener) else { return nil }
        let tls = fields["tls"].flatMap { self.tls($0) }
        guard let found = fields["address"] else {
            schema.missing("address", in: field)
            return nil
        }
        let expectsProxyHeader = fields["proxy_protocol"].flatMap { schema.boolean($0) } ?? false
        let speaksHTTP1 = fields["http1"].flatMap { schema.boolean($0) } ?? true
        let word = fields["serves"].flatMap { schema.choice($0, of: ListenerDeclaration.Role.allCases.map(\.rawValue)) }
        let serves = word.flatMap { ListenerDeclaration.Role(rawValue: $0) } ?? .all
        return address(found).map { address in
            ListenerDeclaration(address: address, tls: tls, expectsProxyHeader: expectsProxyHeader, speaksHTTP1: speaksHTTP1, serves: serves)
        }
    }

    private mutating func address(_ field: Field) -> ListenAddress? {
        guard let text = schema.string(field) else { return nil }
        do throws(ListenAddress.ParseError) {
            return try ListenAddress(text)
        } catch {
            schema.report("\(quoted(text)): \(error.message)", hint: error.hint, at: field)
            return nil
        }
    }

    // MARK: TLS

    private mutating func tls(_ field: Field) -> TLSDeclaration? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.tls) else { return nil }
        guard let found = fields["certificates"] else {
            schema.missing("certificates", in: field)
            return nil
        }
        var declaration = TLSDeclaration(certificates: certificates(found))
        declaration.clientCA = fields["client_ca"].flatMap { file($0) }
        if let found = fields["client_certificates"], let word = schema.choice(found, of: TLSDeclaration.ClientCertificates.allCases.map(\.rawValue)) {
            declaration.clientCertificates = TLSDeclaration.ClientCertificates(rawValue: word) ?? .off
        } else if fields["client_ca"] != nil {
            declaration.clientCertificates = .required
        }
        if declaration.clientCertificates != .off, fields["client_ca"] == nil {
            let hint = "name the authorities that sign them: client_ca: clients.pem"
            schema.report("client certificates are asked for, and \"client_ca\" is missing", hint: hint, kind: .meaning, at: field)
        }
        if let found = fields["minimum_version"], let word = schema.choice(found, of: TLSDeclaration.Version.allCases.map(\.rawValue)) {
            declaration.lowestVersion = TLSDeclaration.Version(rawValue: word) ?? .tls12
        }
        return declaration
    }

    private mutating func certificates(_ field: Field) -> [TLSDeclaration.Certificate] {
        guard let elements = schema.elements(of: field) else { return [] }
        guard (1...ConfigurationLimits.certificateCount).contains(elements.count) else {
            schema.report("\"certificates\" must have 1 to \(ConfigurationLimits.certificateCount) entries", at: field)
            return []
        }
        return elements.compactMap { certificate($0) }
    }

    private mutating func certificate(_ field: Field) -> TLSDeclaration.Certificate? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.certificate) else { return nil }
        for name in ["certificate", "key"] where fields[name] == nil { schema.missing(name, in: field) }
        guard let chain = fields["certificate"].flatMap({ file($0) }), let key = fields["key"].flatMap({ file($0) }) else { return nil }
        return TLSDeclaration.Certificate(chain: chain, key: key)
    }

    private mutating func file(_ field: Field) -> FileReference? { path(field).map { FileReference($0, field) } }
}
