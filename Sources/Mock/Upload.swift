import Bytes
import HTTP

/// A `multipart/form-data` body, part by part (RFC 7578).
struct MultipartParts {
    struct Part {
        var name = ByteSlice("")
        var filename: ByteSlice?
        var content = ByteSlice("")
    }

    private let body: ByteSlice
    private let boundary: ByteSlice
    private var at = 0

    /// - Parameter contentType: the field's value; without a boundary there are no parts.
    init(_ body: ByteSlice, contentType: ByteSlice) {
        self.body = body
        guard let start = contentType.firstRange(of: ByteSlice("boundary="))?.upperBound else {
            boundary = ByteSlice("")
            return
        }
        var value = contentType.dropFirst(start)
        if let end = value.firstIndex(of: UInt8(ascii: ";")) { value = value.prefix(end) }
        value = value.trimmed
        if value.count >= 2, value[0] == UInt8(ascii: "\""), value[value.count - 1] == UInt8(ascii: "\"") {
            value = value[1..<value.count - 1]
        }
        boundary = value
    }

    mutating func next() -> Part? {
        guard let head = delimiterEnd(from: at),
            let headEnd = body.firstRange(of: ByteSlice("\r\n\r\n"), from: head)?.upperBound,
            let next = delimiterEnd(from: headEnd)
        else { return nil }
        // CRLF and two hyphens stand before each boundary.
        let contentEnd = next - boundary.count - 4
        at = next - boundary.count
        var part = Part()
        part.content = body[headEnd..<max(headEnd, contentEnd)]
        let lines = body[head..<headEnd]
        part.name = MultipartParts.parameter(ByteSlice(" name=\""), in: lines) ?? ByteSlice("")
        part.filename = MultipartParts.parameter(ByteSlice(" filename=\""), in: lines)
        return part
    }

    /// Past the next boundary with its hyphens, at the start of a line (RFC 2046 §5.1.1).
    private func delimiterEnd(from start: Int) -> Int? {
        guard !boundary.isEmpty else { return nil }
        var search = start
        while let found = body.firstRange(of: boundary, from: search) {
            let lower = found.lowerBound
            let hasHyphens = lower >= 2 && body[lower - 1] == UInt8(ascii: "-") && body[lower - 2] == UInt8(ascii: "-")
            if hasHyphens, lower == 2 || (lower >= 4 && body[lower - 3] == 0x0A && body[lower - 4] == 0x0D) { return found.upperBound }
            search = lower + 1
        }
        return nil
    }

    private static func parameter(_ opening: ByteSlice, in lines: ByteSlice) -> ByteSlice? {
        guard let start = lines.firstRange(of: opening)?.upperBound,
            let end = lines.firstIndex(of: UInt8(ascii: "\""), from: start)
        else { return nil }
        return lines[start..<end]
    }
}

extension Worker {
    func parts(of request: Request) -> MultipartParts {
        MultipartParts(request.body, contentType: requestHead.fields.value(of: .contentType, in: request.message) ?? ByteSlice(""))
    }

    /// What came, for a file or a transcription: sizes, names, first bytes and a checksum of the body and each part.
    func writeUpload(of request: Request, isFile: Bool, into output: inout Output) {
        var file = MultipartParts.Part()
        var purpose = ByteSlice("assistants")
        var walk = parts(of: request)
        while let part = walk.next() {
            if part.filename != nil { file = part }
            if part.name == "purpose" { purpose = part.content }
        }
        if isFile {
            output.append("{\"id\":\"file-mock")
            output.append(hexadecimal: Checksum.fnv1a(file.content))
            output.append("\",\"object\":\"file\",\"status\":\"processed\",\"created_at\":")
            output.append(decimal: wallSeconds)
            output.append(",\"bytes\":")
            output.append(decimal: file.content.count)
            output.append(",\"filename\":")
            output.append(jsonString: file.filename ?? ByteSlice(""))
            output.append(",\"purpose\":")
            output.append(jsonString: purpose)
        } else {
            output.append("{\"text\":\"The mock provider heard ")
            output.append(decimal: file.content.count)
            output.append(" bytes.\"")
        }
        output.append(",\"received\":{")
        writeContents(request.body, into: &output)
        output.append(",\"parts\":[")
        walk = parts(of: request)
        var count = 0
        while count < MockLimits.parts, let part = walk.next() {
            output.append(count == 0 ? "{\"name\":" : ",{\"name\":")
            output.append(jsonString: part.name)
            if let filename = part.filename {
                output.append(",\"filename\":")
                output.append(jsonString: filename)
            }
            output.append(",")
            writeContents(part.content, into: &output)
            output.append("}")
            count += 1
        }
        output.append("]}}")
    }

    private func writeContents(_ bytes: ByteSlice, into output: inout Output) {
        output.append("\"bytes\":")
        output.append(decimal: bytes.count)
        output.append(",\"first_base64\":\"")
        output.append(base64: bytes.prefix(min(48, bytes.count)))
        output.append("\",\"fnv1a\":\"")
        output.append(hexadecimal: Checksum.fnv1a(bytes))
        output.append("\"")
    }
}
