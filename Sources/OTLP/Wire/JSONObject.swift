import Bytes
import JSON

/// An object of a JSON body, read as a message: a member that is not there, or null, has its kind's usual value.
struct JSONObject {
    private let value: JSONValue
    private let text: ByteSlice

    init(_ value: JSONValue, in text: ByteSlice, _ name: StaticString) throws(TelemetryError) {
        self.value = value
        self.text = text
        if !value.isObject { throw fault(value, name, "an object") }
    }

    /// Where it stands in the body.
    var place: Int { place(value) }

    private func place(_ value: JSONValue) -> Int { value.bytes.base - text.base }

    private func fault(_ value: JSONValue, _ name: StaticString, _ wanted: String) -> TelemetryError {
        .member(at: place(value), name: "\(name)", wanted: wanted)
    }

    private func member(_ name: StaticString, _ other: StaticString?) -> JSONValue? { value[name] ?? other.flatMap { value[$0] } }

    func has(_ name: StaticString, _ other: StaticString) -> Bool { member(name, other) != nil }

    // MARK: Members

    func object(_ name: StaticString, _ other: StaticString? = nil) throws(TelemetryError) -> JSONObject? {
        guard let found = member(name, other) else { return nil }
        return try JSONObject(found, in: text, name)
    }

    /// One after the other, for there may be very many.
    func objects(
        _ name: StaticString, _ other: StaticString? = nil, _ each: (JSONObject) throws(TelemetryError) -> Void
    ) throws(TelemetryError) {
        guard let found = member(name, other) else { return }
        guard found.isArray else { throw fault(found, name, "a list") }
        for element in found.elements { try each(try JSONObject(element, in: text, name)) }
    }

    func text(_ name: StaticString, _ other: StaticString? = nil, atMost most: Int = OTLPLimits.textByteCount) throws(TelemetryError) -> String {
        guard let found = member(name, other) else { return "" }
        guard let string = found.string else { throw fault(found, name, "a text") }
        return KeptText.text(string, atMost: most)
    }

    func identifier(_ name: StaticString, _ other: StaticString, byteCount: Int) throws(TelemetryError) -> String {
        guard let found = member(name, other) else { return "" }
        guard let string = found.string else { throw fault(found, name, "a text of hexadecimal digits") }
        return string.plain.map { KeptText.identifier(hexadecimal: $0, byteCount: byteCount) } ?? ""
    }

    func nanoseconds(_ name: StaticString, _ other: StaticString) throws(TelemetryError) -> UInt64 {
        guard let found = member(name, other) else { return 0 }
        let digits = found.string?.plain ?? (found.isNumber ? found.bytes : nil)
        guard let digits, let number = UInt64(String(digits)) else { throw fault(found, name, "nanoseconds since 1970, as a text or a whole number") }
        return number
    }

    func integer(_ name: StaticString, _ other: StaticString) throws(TelemetryError) -> Int64? {
        guard let found = member(name, other) else { return nil }
        let digits = found.string?.plain ?? (found.isNumber ? found.bytes : nil)
        guard let digits, let number = Int64(String(digits)) else { throw fault(found, name, "a whole number, or one as a text") }
        return number
    }

    func number(_ name: StaticString, _ other: StaticString) throws(TelemetryError) -> Double? {
        guard let found = member(name, other) else { return nil }
        if found.isNumber, let number = JSONNumber.double(found.bytes) { return number }
        switch found.string.map({ KeptText.text($0) }) {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        case let text?:
            if let number = Double(text) { return number }
        case nil: break
        }
        throw fault(found, name, "a number")
    }

    func flag(_ name: StaticString, _ other: StaticString) throws(TelemetryError) -> Bool? {
        guard let found = member(name, other) else { return nil }
        guard let flag = found.bool else { throw fault(found, name, "true or false") }
        return flag
    }

    func status(_ name: StaticString) throws(TelemetryError) -> Span.Status {
        guard let found = value[name] else { return .unset }
        if let string = found.string { return string == "STATUS_CODE_ERROR" ? .error : string == "STATUS_CODE_OK" ? .ok : .unset }
        guard let code = found.integer else { throw fault(found, name, "a number: 0, 1 for well, 2 for an error") }
        return Span.Status(code: UInt64(clamping: code))
    }
}
