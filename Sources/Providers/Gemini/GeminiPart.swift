import Bytes
import JSON

/// Single parts of a turn.
///
/// - Source: ai.google.dev/api/caching#Part; …/gemini-api/docs/file-input-methods (addresses Gemini fetches itself)
enum GeminiPart {
    static func write(text: ByteSlice, signature: JSONString? = nil, to writer: inout ByteWriter) {
        writer.append("{\"text\":")
        GeminiText.quote(text, &writer)
        if let signature {
            writer.append(",\"thoughtSignature\":")
            GeminiText.quote(signature.content, &writer)
        }
        writer.append("}")
    }

    /// Writes `media`; what is wrong with it when it cannot be.
    static func write(_ media: ChatRequest.Media, to writer: inout ByteWriter) -> (kind: TranslationFault.Kind, message: String)? {
        switch media.source {
        case .text(let text): write(text: text.content, to: &writer)
        case .base64(let type, let data):
            guard !type.isEmpty else { return (.invalid, "expected a media type, as image/png") }
            writer.append("{\"inlineData\":{\"mimeType\":")
            GeminiText.quote(type, &writer)
            writer.append(",\"data\":")
            GeminiText.quote(data, &writer)
            writer.append("}}")
        case .url(let address):
            guard isFetched(address.content) else { return (.invalid, "expected an address that starts with https:, http: or gs:") }
            write(file: address.content, prefix: "", type: type(of: address.content), to: &writer)
        case .file(let file):
            let name = file.content
            if isFetched(name) {
                write(file: name, prefix: "", type: type(of: name), to: &writer)
            } else if name.hasPrefix("files/") {
                // The API knows the types of what was uploaded to it.
                write(file: name, prefix: "https://generativelanguage.googleapis.com/v1beta/", type: nil, to: &writer)
            } else {
                return (.unsupported, "a file uploaded elsewhere is not known to Gemini: send its content, its address, or the files/… name Gemini gave it")
            }
        }
        return nil
    }

    private static func write(file: ByteSlice, prefix: StaticString, type: StaticString?, to writer: inout ByteWriter) {
        writer.append("{\"fileData\":{")
        if let type {
            writer.append("\"mimeType\":\"")
            writer.append(type)
            writer.append("\",")
        }
        writer.append("\"fileUri\":\"")
        writer.append(prefix)
        writer.append(file)
        writer.append("\"}}")
    }

    private static func isFetched(_ address: ByteSlice) -> Bool {
        for scheme in 0..<3 {
            let word: StaticString = scheme == 0 ? "https:" : scheme == 1 ? "http:" : "gs:"
            if address.count > word.utf8CodeUnitCount, address.prefix(word.utf8CodeUnitCount).equalsIgnoringCase(word) { return true }
        }
        return false
    }

    /// The media type the end of the path tells; nil when it tells none, and Gemini goes by what it is sent.
    private static func type(of address: ByteSlice) -> StaticString? {
        var end = 0
        while end < address.count, address[end] != UInt8(ascii: "?"), address[end] != UInt8(ascii: "#") { end += 1 }
        var start = end
        while start > 0, end - start < 5, address[start - 1] != UInt8(ascii: "."), address[start - 1] != UInt8(ascii: "/") { start -= 1 }
        guard start > 0, address[start - 1] == UInt8(ascii: ".") else { return nil }
        let ending = address[start..<end]
        for row in types where ending.equalsIgnoringCase(row.ending) { return row.type }
        return nil
    }

    /// - Source: ai.google.dev/gemini-api/docs/image-understanding, …/audio, …/video-understanding, …/document-processing
    private static let types: [(ending: StaticString, type: StaticString)] = [
        ("png", "image/png"), ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("webp", "image/webp"), ("heic", "image/heic"), ("heif", "image/heif"),
        ("gif", "image/gif"), ("pdf", "application/pdf"), ("txt", "text/plain"), ("md", "text/markdown"), ("csv", "text/csv"), ("html", "text/html"),
        ("xml", "text/xml"), ("json", "application/json"), ("wav", "audio/wav"), ("mp3", "audio/mp3"), ("aiff", "audio/aiff"), ("aac", "audio/aac"),
        ("ogg", "audio/ogg"), ("flac", "audio/flac"), ("m4a", "audio/m4a"), ("mp4", "video/mp4"), ("mpeg", "video/mpeg"), ("mpg", "video/mpg"),
        ("mov", "video/mov"), ("avi", "video/avi"), ("webm", "video/webm"), ("wmv", "video/wmv"), ("flv", "video/x-flv"), ("3gp", "video/3gpp"),
    ]
}
