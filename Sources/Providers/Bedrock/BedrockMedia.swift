import Bytes
import JSON

/// Pictures, documents, films and recordings as Converse's blocks.
///
/// Converse fetches nothing from the web: contents come inline, or lie in S3.
/// - Source: Amazon Bedrock API Reference, "ImageBlock", "DocumentBlock", "VideoBlock", "AudioBlock", "S3Location"
enum BedrockMedia {
    private enum Block { case image, document, video, audio }

    static func write(
        _ media: ChatRequest.Media, at path: () -> String, _ documentCount: inout Int, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        switch media.source {
        case .base64(let type, let data):
            let (block, format) = try form(ofType: type, media.kind, at: path)
            open(block, format, media.name, &documentCount, to: &writer, &notes)
            writer.append("\"source\":{\"bytes\":\"")
            writer.append(data)
            writer.append("\"}}}")
        case .text(let text):
            guard media.kind == .document else { throw TranslationFault(.invalid, "\(path()): an image is no text", parameter: path()) }
            open(.document, "txt", media.name, &documentCount, to: &writer, &notes)
            writer.append("\"source\":{\"text\":")
            writer.append(asIs: text)
            writer.append("}}}")
        case .url(let address), .file(let address):
            guard address.content.hasPrefix("s3:") else {
                throw TranslationFault(
                    .unsupported, "\(path()): Bedrock fetches no addresses but s3://…: send the content, as base64", parameter: path())
            }
            let (block, format) = try form(ofName: address.content, media.kind, at: path)
            open(block, format, media.name, &documentCount, to: &writer, &notes)
            writer.append("\"source\":{\"s3Location\":{\"uri\":")
            writer.append(asIs: address)
            writer.append("}}}}")
        }
    }

    /// Up to the source.
    private static func open(
        _ block: Block, _ format: StaticString, _ name: JSONString?, _ documentCount: inout Int, to writer: inout ByteWriter,
        _ notes: inout TranslationNotes
    ) {
        switch block {
        case .image: writer.append("{\"image\":{\"format\":\"")
        case .document: writer.append("{\"document\":{\"format\":\"")
        case .video: writer.append("{\"video\":{\"format\":\"")
        case .audio: writer.append("{\"audio\":{\"format\":\"")
        }
        writer.append(format)
        writer.append("\",")
        guard block == .document else {
            if name != nil { notes.drop("filename") }
            return
        }
        documentCount += 1
        writer.append("\"name\":\"document-")
        writer.append(decimal: documentCount)
        if let name, !name.isBlank, writeName(name, to: &writer) { notes.change("filename") }
        writer.append("\",")
    }

    /// Writes ` (name)`, whose bytes are letters, digits, `-` and single spaces: any other becomes `-`. Whether any did but for the dots,
    /// which every file's name has.
    private static func writeName(_ name: JSONString, to writer: inout ByteWriter) -> Bool {
        writer.append(" (")
        var isChanged = name.content.count > Limits.bedrockDocumentNameByteCount
        var wasBlank = true
        for index in 0..<min(name.content.count, Limits.bedrockDocumentNameByteCount) {
            let byte = name.content[index]
            let isBlank = byte == 0x20
            let isPlain = ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || isBlank && !wasBlank
            isChanged = isChanged || !isPlain && byte != UInt8(ascii: ".")
            writer.append(isPlain ? byte : UInt8(ascii: "-"))
            wasBlank = isBlank
        }
        writer.append(")")
        return isChanged
    }

    // MARK: Formats

    private typealias Form = (block: Block, format: StaticString)

    private static func form(ofType type: ByteSlice, _ kind: ChatRequest.Media.Kind, at path: () -> String) throws(TranslationFault) -> Form {
        let name = JSONString(content: type, hasEscapes: type.firstIndex(of: UInt8(ascii: "\\")) != nil)
        // Files come without their type, and are then PDFs.
        if kind == .document, type.isEmpty { return (.document, "pdf") }
        for row in types where name == row.type { return (row.block, row.format) }
        if type.hasPrefix("text/") || type.hasPrefix("text\\/") { return (.document, "txt") }
        throw TranslationFault(.unsupported, "\(path()): Bedrock takes no \(AnthropicRequest.shown(name))", parameter: path())
    }

    private static func form(ofName name: ByteSlice, _ kind: ChatRequest.Media.Kind, at path: () -> String) throws(TranslationFault) -> Form {
        var start = name.count
        while start > 0, name.count - start < 5, name[start - 1] != UInt8(ascii: "."), name[start - 1] != UInt8(ascii: "/") { start -= 1 }
        let ending = name.dropFirst(start)
        let isEnding = start > 0 && name[start - 1] == UInt8(ascii: ".")
        for row in types where isEnding && ending.equalsIgnoringCase(row.ending) { return (row.block, row.format) }
        throw TranslationFault(.unsupported, "\(path()): the name must end with the format, as .png or .pdf", parameter: path())
    }

    private static let types: [(type: StaticString, ending: StaticString, block: Block, format: StaticString)] = [
        ("image/png", "png", .image, "png"), ("image/jpeg", "jpg", .image, "jpeg"), ("image/jpg", "jpeg", .image, "jpeg"),
        ("image/gif", "gif", .image, "gif"), ("image/webp", "webp", .image, "webp"),
        ("application/pdf", "pdf", .document, "pdf"), ("text/csv", "csv", .document, "csv"), ("application/msword", "doc", .document, "doc"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", .document, "docx"),
        ("application/vnd.ms-excel", "xls", .document, "xls"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", .document, "xlsx"),
        ("text/html", "html", .document, "html"), ("text/plain", "txt", .document, "txt"), ("text/markdown", "md", .document, "md"),
        ("video/mp4", "mp4", .video, "mp4"), ("video/quicktime", "mov", .video, "mov"), ("video/webm", "webm", .video, "webm"),
        ("video/x-matroska", "mkv", .video, "mkv"), ("video/x-flv", "flv", .video, "flv"), ("video/mpeg", "mpeg", .video, "mpeg"),
        ("video/x-ms-wmv", "wmv", .video, "wmv"), ("video/3gpp", "3gp", .video, "three_gp"),
        ("audio/wav", "wav", .audio, "wav"), ("audio/mp3", "mp3", .audio, "mp3"), ("audio/mpeg", "mpga", .audio, "mp3"),
        ("audio/flac", "flac", .audio, "flac"), ("audio/ogg", "ogg", .audio, "ogg"), ("audio/aac", "aac", .audio, "aac"),
        ("audio/m4a", "m4a", .audio, "m4a"), ("audio/mp4", "", .audio, "mp4"), ("audio/webm", "", .audio, "webm"), ("audio/pcm", "pcm", .audio, "pcm"),
    ]
}
