import JSON
import Policy

/// `allowed_models` and its like: what keys and virtual keys may be used for.
extension ConfigurationReader {
    mutating func allowed(_ fields: Fields) -> DeclaredUse {
        var use = DeclaredUse()
        if let found = fields["allowed_models"] { use.models = patterns(found) }
        if let found = fields["allowed_providers"] { use.providers = patterns(found) }
        if let found = fields["allowed_endpoints"] {
            use.endpoints = patterns(found)
            for path in use.endpoints where !path.hasPrefix("/") {
                schema.report("\(quoted(path)) is no path", hint: "write /v1/chat/completions, or /v1/files* for all that begin so", at: found)
            }
        }
        if let found = fields["allowed_networks"] {
            for element in several(found, atMost: ConfigurationLimits.allowedCount, called: found.name) {
                if let network = network(element) { use.networks.append(network) }
            }
        }
        return use
    }

    /// Names, each with a `*` at its end or none.
    mutating func patterns(_ field: Field) -> [String] {
        var patterns: [String] = []
        for element in several(field, atMost: ConfigurationLimits.allowedCount, called: field.name) {
            guard let text = schema.string(element) else { continue }
            if (1...ConfigurationLimits.allowedByteCount).contains(text.utf8.count), !text.utf8.dropLast().contains(UInt8(ascii: "*")) {
                patterns.append(text)
            } else {
                let hint = "write a name of 1 to \(ConfigurationLimits.allowedByteCount) bytes, or the beginning of some and a *"
                schema.report("\(quoted(text)) is neither a name nor the beginning of names", hint: hint, at: element)
            }
        }
        return patterns
    }
}
