public import JSON

/// Why a body is no request of OTLP's.
public enum TelemetryError: Error, Equatable, CustomStringConvertible {
    /// It is no protobuf, at a byte of it.
    case wire(at: Int, WireFault)
    case json(JSONError)
    /// A member is of another kind than it should be.
    case member(at: Int, name: String, wanted: String)

    public var description: String {
        switch self {
        case .wire(let offset, let fault): "the body is no protobuf: byte \(offset): \(fault.text)"
        case .json(let error): "the body is no JSON: \(error)"
        case .member(let offset, let name, let wanted): "byte \(offset): \(name) must be \(wanted)"
        }
    }
}

/// What is wrong with bytes that should be protobuf.
public enum WireFault: Equatable, Sendable {
    case number, length, cut, group, kind, field, tooDeep

    var text: String {
        switch self {
        case .number: "a number has more than ten bytes"
        case .length: "a length leads past the end of its message"
        case .cut: "the message ends within a field"
        case .group: "groups are not taken; OTLP has none"
        case .kind: "there is no such kind of field"
        case .field: "a field's number is from 1 to 536870911"
        case .tooDeep: "a value has more than \(OTLPLimits.valueDepth) levels"
        }
    }
}
