import JSON
import Policy

/// `trusted_proxies` and `cors`.
extension ConfigurationReader {
    mutating func proxies(_ field: Field) -> ProxiesDeclaration? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.proxies) else { return nil }
        guard let found = fields["networks"] else {
            schema.missing("networks", in: field)
            return nil
        }
        var declaration = ProxiesDeclaration()
        for element in several(found, atMost: ConfigurationLimits.networkCount, called: "networks") {
            if case .string("unix") = element.node.value {
                declaration.includesUnixSockets = true
            } else if let network = network(element, or: ", or unix for Unix sockets") {
                declaration.networks.append(network)
            }
        }
        if let found = fields["header"], let word = schema.choice(found, of: ProxiesDeclaration.Field.allCases.map(\.rawValue)) {
            declaration.field = ProxiesDeclaration.Field(rawValue: word) ?? declaration.field
        }
        return declaration
    }

    mutating func network(_ field: Field, or other: String = "") -> DeclaredNetwork? {
        guard let text = schema.string(field) else { return nil }
        if let network = DeclaredNetwork(text) { return network }
        schema.report("\(quoted(text)) is no network", hint: "write 10.0.0.0/8, fd00::/8, 192.0.2.7\(other); bits behind the prefix are zero", at: field)
        return nil
    }

    mutating func crossOrigin(_ field: Field) -> CrossOriginDeclaration? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.crossOrigin) else { return nil }
        guard let found = fields["origins"] else {
            schema.missing("origins", in: field)
            return nil
        }
        var declaration = CrossOriginDeclaration()
        for element in several(found, atMost: ConfigurationLimits.originCount, called: "origins") {
            guard let text = schema.string(element) else { continue }
            if let origin = DeclaredOrigin(text) {
                declaration.origins.append(origin)
            } else {
                let hint = "write https://app.example.com, https://*.example.com, or * for every page"
                schema.report("\(quoted(text)) is no origin as browsers write it", hint: hint, at: element)
            }
        }
        if let found = fields["max_age"], let seconds = schema.integer(found, in: 0...ConfigurationLimits.preflightSeconds) {
            declaration.maxAgeSeconds = seconds
        }
        return declaration
    }

    mutating func several(_ field: Field, atMost most: Int, called name: String) -> [Field] {
        guard let elements = schema.elements(of: field) else { return [] }
        guard (1...most).contains(elements.count) else {
            schema.report("\(quoted(name)) must have 1 to \(most) entries", at: field)
            return []
        }
        return elements
    }
}
