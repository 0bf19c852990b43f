import Bytes
import JSON

/// Which models who may use: by what a request's metadata says.
public struct ModelRules: Sendable {
    /// Models for requests of which `key` has the value.
    public struct Rule: Sendable {
        let key: [UInt8]
        let value: [UInt8]
        let models: NameList

        public init(key: String, value: String, models: [String]) {
            self.key = Array(key.utf8)
            self.value = Array(value.utf8)
            self.models = NameList(models)
        }
    }

    /// For requests of which no rule holds.
    let defaults: NameList
    let rules: [Rule]

    public init(defaults: [String], rules: [Rule]) {
        self.defaults = NameList(defaults)
        self.rules = rules
    }

    /// Whether a request with `metadata` may use `model`: one of the models of all rules that hold, or of the defaults where none does.
    func allow(_ model: ByteSlice, _ metadata: JSONView?) -> Bool {
        var hasRule = false
        for rule in rules where holds(rule, metadata) {
            if rule.models.contains(model) { return true }
            hasRule = true
        }
        return !hasRule && defaults.contains(model)
    }

    /// A list holds where one of its elements does.
    private func holds(_ rule: Rule, _ metadata: JSONView?) -> Bool {
        guard let given = rule.key.withByteSlice({ metadata?.child($0) }) else { return false }
        if given.kind == .array { return given.elements.contains { isValue($0, of: rule) } }
        return isValue(given, of: rule)
    }

    /// A string is compared decoded, another value as it is written.
    private func isValue(_ given: JSONView, of rule: Rule) -> Bool {
        rule.value.withByteSlice { value in
            if let string = given.string { return string == value }
            return given.kind != .null && given.bytes == value
        }
    }
}
