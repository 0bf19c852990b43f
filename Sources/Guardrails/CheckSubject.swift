public import Bytes
import JSON

/// What a check looks at beside the texts: who asks for what. Slices are borrowed for one run.
public struct CheckSubject {
    /// Decoded; empty when none is named.
    public var model = ByteSlice("")
    public var requestType = RequestType.proxy
    /// A JSON object; nil where the request has none.
    var metadata: JSONView?

    public init() {}

    /// Takes the value of `x-portkey-metadata`. What is no JSON object says nothing.
    public mutating func read(metadata text: ByteSlice) {
        metadata = nil
        guard !text.isEmpty, (try? JSONText.validate(text)) != nil, let value = JSONView(text), value.kind == .object else { return }
        metadata = value
    }
}
