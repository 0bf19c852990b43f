import Bytes
import JSON
import Providers

/// Parses `text` and lends its value for the length of the call.
func withJSON<Result>(_ text: String, _ body: (JSONValue) throws -> Result) throws -> Result {
    var tape = JSONTape()
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBufferPointer { try body(tape.parse(ByteSlice($0.baseAddress ?? ByteSlice("").base, count: $0.count))) }
}

/// What a translation wrote and told; or its fault.
struct Translated: Equatable {
    var text = ""
    var notes = ""
    var fault: String?

    init(_ body: (inout ByteWriter, inout TranslationNotes) throws -> Void) rethrows {
        var notes = TranslationNotes()
        do {
            text = try written(capacity: 1 << 16) { try body(&$0, &notes) }
        } catch let thrown as TranslationFault {
            fault = "\(thrown.kind) \(thrown.parameter)"
        }
        self.notes = written { notes.write(into: &$0) }
    }
}
