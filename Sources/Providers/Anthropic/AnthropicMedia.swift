import Bytes
import JSON

/// Pictures and documents as Anthropic's blocks.
///
/// Pictures go as they are. Of documents the API takes PDF, and text as text: other `text/…` types are decoded and sent so. It takes
/// no recordings.
/// - Source: Claude Platform docs "Vision", "PDF support"; `anthropic.types.DocumentBlockParam`
enum AnthropicMedia {
    static func write(
        _ media: ChatRequest.Media, _ part: ChatRequest.Part, at path: () -> String, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        guard part.role == .user else {
            throw TranslationFault(.unsupported, "\(path()): the target takes no pictures and files in what the assistant said", parameter: path())
        }
        switch (media.kind, media.source) {
        case (.audio, _): throw TranslationFault(.unsupported, "\(path()): the target takes no audio", parameter: path())
        case (_, .base64(let type, let data)):
            try writeBase64(media, type, data, at: path, to: &writer)
        case (.image, .text): throw TranslationFault(.invalid, "\(path()): an image is no text", parameter: path())
        case (_, .text(let text)):
            writer.append("{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":")
            writer.append(asIs: text)
        case (let kind, .url(let url)):
            writer.append(kind == .image ? "{\"type\":\"image\"" : "{\"type\":\"document\"")
            writer.append(",\"source\":{\"type\":\"url\",\"url\":")
            writer.append(asIs: url)
        case (let kind, .file(let file)):
            writer.append(kind == .image ? "{\"type\":\"image\"" : "{\"type\":\"document\"")
            writer.append(",\"source\":{\"type\":\"file\",\"file_id\":")
            writer.append(asIs: file)
        }
        writer.append("}")
        if media.kind == .document, let name = media.name {
            writer.append(",\"title\":")
            writer.append(asIs: name)
        }
        AnthropicRequest.writeCacheMark(part.cacheMark, to: &writer)
        writer.append("}")
    }

    private static func writeBase64(
        _ media: ChatRequest.Media, _ type: ByteSlice, _ data: ByteSlice, at path: () -> String, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        let mediaType = JSONString(content: type, hasEscapes: type.firstIndex(of: UInt8(ascii: "\\")) != nil)
        // Clients put PDFs where pictures go, and send files without their type.
        if mediaType == "application/pdf" || media.kind == .document && type.isEmpty {
            writer.append("{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/pdf\",\"data\":\"")
        } else if media.kind == .image {
            writer.append("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"")
            writer.append(type)
            writer.append("\",\"data\":\"")
        } else if type.hasPrefix("text/") || type.hasPrefix("text\\/") {
            writer.append("{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"")
            guard Base64Text.decode(data, into: &writer) else {
                throw TranslationFault(.invalid, "\(path()): must be base64", parameter: path())
            }
            return writer.append("\"")
        } else {
            throw TranslationFault(
                .unsupported, "\(path()): the target takes PDF and text documents, not \(AnthropicRequest.shown(mediaType))", parameter: path())
        }
        writer.append(data)
        writer.append("\"")
    }
}

/// Text that comes as base64 in a JSON string.
enum Base64Text {
    /// Appends the text as the content of a JSON string, what is no UTF-8 replaced; false when it is not base64.
    static func decode(_ digits: ByteSlice, into writer: inout ByteWriter) -> Bool {
        // A window of decoded bytes; the beginnings of a character wait in it for their rest.
        var window = InlineArray<64, UInt8>(repeating: 0)
        var held = 0
        var bits: UInt32 = 0
        var bitCount = 0
        var at = 0
        while at < digits.count {
            let byte = digits[at]
            at += 1
            // `\/` is a slash; other escapes are no digits.
            if byte == UInt8(ascii: "\\"), at < digits.count, digits[at] == UInt8(ascii: "/") { continue }
            if byte == UInt8(ascii: "=") { break }
            guard let value = value(of: byte) else { return false }
            bits = bits << 6 | value
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            window[held] = UInt8(truncatingIfNeeded: bits >> UInt32(bitCount))
            held += 1
            if held == 64 { held = flush(&window, held, isLast: false, into: &writer) }
        }
        while at < digits.count {
            guard digits[at] == UInt8(ascii: "=") else { return false }
            at += 1
        }
        _ = flush(&window, held, isLast: true, into: &writer)
        return true
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte &- 0x41)
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte &- 0x61) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- 0x30) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// Writes the whole characters and moves the rest to the window's start; how many bytes that is.
    private static func flush(_ window: inout InlineArray<64, UInt8>, _ held: Int, isLast: Bool, into writer: inout ByteWriter) -> Int {
        var kept = 0
        // A character that is cut lacks at most three bytes.
        while !isLast, kept < 3, kept < held, window[held - 1 - kept] & 0xC0 == 0x80 { kept += 1 }
        if !isLast, kept < held, window[held - 1 - kept] >= 0xC0 { kept += 1 } else { kept = 0 }
        let whole = held - kept
        withUnsafeBytes(of: &window) { bytes in
            // The window is 64 bytes and `whole` is at most that.
            guard let base = bytes.baseAddress else { return }
            writer.append(jsonContent: ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: whole))
        }
        for index in 0..<kept { window[index] = window[whole + index] }
        return kept
    }
}
