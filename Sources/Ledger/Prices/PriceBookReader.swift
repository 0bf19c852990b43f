import Bytes
import JSON

/// Reads a price book line by line: YAML of one fixed shape, so that the gateway's start takes no parser of all of YAML.
///
///     version: "2026-11-26"
///     source: "…"
///     prices:
///       openai:
///         "gpt-4o": {input: 2.5, cached: 1.25, output: 10, batch: {input: 1.25, output: 5}, units: {web_search: 0.01}}
///
/// Comments and empty lines may stand anywhere; a comment has a line of its own.
struct PriceBookReader {
    private let text: ByteSlice
    private var row: PriceRowReader
    private var contents = PriceBook.Contents()
    private var faults: [Diagnostic] = []
    private var faultCount = 0
    private var line = 1
    private var lineStart = 0
    private var hasPrices = false
    private var hasVersion = false

    init(_ text: ByteSlice) {
        self.text = text
        row = PriceRowReader(text)
    }

    mutating func read() throws(PriceFaults) -> PriceBook.Contents {
        guard text.count <= PriceLimits.bookByteCount else {
            note("the book has \(text.count) bytes; at most \(PriceLimits.bookByteCount) are read", at: 0)
            throw PriceFaults(diagnostics: faults)
        }
        // Rows are about as long as this; growing would copy what has been read.
        contents.rows.reserveCapacity(text.count / 128)
        contents.bands.reserveCapacity(text.count / 96)
        while lineStart < text.count {
            let end = text.firstIndex(of: 0x0A, from: lineStart) ?? text.count
            readLine(text[lineStart..<end])
            lineStart = end + 1
            line += 1
        }
        if !hasVersion { note("the book has no version: \"…\"", at: 0) }
        if !hasPrices { note("the book has no prices:", at: 0) }
        try throwFaults()
        return contents
    }

    func throwFaults() throws(PriceFaults) {
        if !faults.isEmpty { throw PriceFaults(diagnostics: faults) }
    }

    /// A model that is there twice, which only who knows all names can tell.
    mutating func noteTwice(_ row: PriceBook.Row) {
        let offset = Int(row.nameOffset)
        let before = text.prefix(offset)
        var lines = 1
        var start = 0
        while let end = before.firstIndex(of: 0x0A, from: start) {
            lines += 1
            start = end + 1
        }
        line = lines
        lineStart = start
        note("the model \(quoted(String(text[offset..<offset + Int(row.nameByteCount)]))) is given twice", at: offset - start)
    }

    private mutating func note(_ message: String, at column: Int) {
        faultCount += 1
        guard faultCount <= PriceLimits.faultCount else { return }
        let position = SourcePosition(line: line, column: column + 1, offset: lineStart + column)
        faults.append(faultCount < PriceLimits.faultCount ? Diagnostic(message, at: position, path: DocumentPath()) : .more(at: position))
    }

    // MARK: Lines

    private mutating func readLine(_ line: ByteSlice) {
        var indent = 0
        while indent < line.count, line[indent] == 0x20 { indent += 1 }
        guard indent < line.count, line[indent] != UInt8(ascii: "#") else { return }
        row.begin(line, from: indent)
        do throws(RowFault) {
            switch indent {
            case 0: try readTop()
            case 2: try readProvider()
            case 4: try readModel()
            default: throw RowFault("expected an indent of 0, 2 or 4 blanks", at: indent)
            }
        } catch {
            note(error.message, at: error.column)
        }
    }

    private mutating func readTop() throws(RowFault) {
        if row.take("version: ") {
            guard !hasVersion else { throw RowFault("the version is given twice", at: 0) }
            hasVersion = true
            contents.version = String(text[try row.quotedText(most: PriceLimits.modelByteCount)])
        } else if row.take("source: ") {
            contents.source = String(text[try row.quotedText(most: PriceLimits.modelByteCount)])
        } else if row.take("prices:") {
            guard !hasPrices else { throw RowFault("prices: is given twice", at: 0) }
            hasPrices = true
        } else {
            throw RowFault("expected version: \"…\", source: \"…\" or prices:", at: 0)
        }
        try row.end()
    }

    private mutating func readProvider() throws(RowFault) {
        guard hasPrices else { throw RowFault("a provider stands below prices:", at: 2) }
        let name = try row.name()
        guard row.take(":") else { throw row.fault("expected \":\" after the provider's name") }
        try row.end()
        guard !contents.providers.contains(where: { text[$0] == text[name] }) else {
            throw RowFault("the provider \(quoted(String(text[name]))) is given twice", at: 2)
        }
        guard contents.providers.count < PriceLimits.providerCount else {
            throw RowFault("more than \(PriceLimits.providerCount) providers", at: 2)
        }
        contents.providers.append(name)
    }

    private mutating func readModel() throws(RowFault) {
        guard let provider = contents.providers.indices.last else { throw RowFault("a model stands below its provider", at: 4) }
        guard contents.rows.count < PriceLimits.modelCount else { throw RowFault("more than \(PriceLimits.modelCount) models", at: 4) }
        let name = try row.quotedText(most: PriceLimits.modelByteCount)
        guard row.take(": ") else { throw row.fault("expected \": {\" after the model's name") }
        try row.prices()
        try row.end()
        row.resolve()
        // Offsets fit: a book's bytes are bounded well below 2³².
        contents.rows.append(PriceBook.Row(
            nameOffset: UInt32(truncatingIfNeeded: name.lowerBound), nameByteCount: UInt16(truncatingIfNeeded: name.count),
            provider: UInt16(truncatingIfNeeded: provider), firstBand: UInt32(truncatingIfNeeded: contents.bands.count),
            bandCount: UInt8(truncatingIfNeeded: row.bandCount), unitCount: UInt8(truncatingIfNeeded: row.units.count),
            firstUnit: UInt32(truncatingIfNeeded: contents.units.count), maxOutputTokens: row.maxOutputTokens,
            contextTokens: row.contextTokens, perRequest: row.perRequest, perSearch: row.perSearch))
        row.forEachBand { contents.bands.append($0) }
        contents.units.append(contentsOf: row.units)
    }
}

/// What is wrong with a line, and where in it.
struct RowFault: Error {
    let message: String
    /// From 0.
    let column: Int

    init(_ message: String, at column: Int) {
        self.message = message
        self.column = column
    }
}
