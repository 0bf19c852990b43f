import Bytes

/// Reads lines of a price book, one after the other.
struct PriceRowReader {
    private let text: ByteSlice
    private var line: ByteSlice
    /// Where the line begins in the book, which ranges are given in.
    private var start = 0
    private var offset = 0

    /// Every tier has at least one band and at most four.
    private var bands = InlineArray<20, PriceBand>(repeating: PriceBand(tier: .standard, above: 0))
    private(set) var bandCount = 0
    private(set) var units: [PriceBook.Unit] = []
    private(set) var perRequest = UnitPrice.zero
    /// Of the units that of a search of the web.
    private(set) var perSearch: UnitPrice?
    private(set) var maxOutputTokens: Int64 = 0
    private(set) var contextTokens: Int64 = 0

    /// - Parameter text: the book, of which the lines are parts.
    init(_ text: ByteSlice) {
        self.text = text
        line = text.prefix(0)
    }

    /// Takes up `line` behind its indent.
    mutating func begin(_ line: ByteSlice, from offset: Int) {
        self.line = line
        self.offset = offset
        start = line.base - text.base
        bandCount = 0
        units.removeAll(keepingCapacity: true)
        perRequest = .zero
        perSearch = nil
        maxOutputTokens = 0
        contextTokens = 0
    }

    func fault(_ message: String) -> RowFault { RowFault(message, at: offset) }

    /// The bands, those of one tier beside each other and in the order of their bounds.
    func forEachBand(_ body: (PriceBand) -> Void) {
        if bandCount == 1 { return body(bands[0]) }
        for tier in ServiceTier.standard.rawValue...ServiceTier.fast.rawValue {
            for index in 0..<bandCount where bands[index].tier.rawValue == tier { body(bands[index]) }
        }
    }

    // MARK: Words

    @inline(__always)
    mutating func take(_ word: StaticString) -> Bool {
        let bytes = ByteSlice(word)
        guard line.count - offset >= bytes.count, line[offset..<offset + bytes.count] == bytes else { return false }
        offset += bytes.count
        return true
    }

    func end() throws(RowFault) {
        guard offset == line.count else { throw fault("expected the end of the line") }
    }

    /// A name of letters, digits, `_`, `-` and `.`, the first of them a letter or a digit.
    mutating func name() throws(RowFault) -> Range<Int> {
        let first = offset
        while offset < line.count, PriceRowReader.isNameByte(line[offset]) { offset += 1 }
        guard offset > first else { throw RowFault("expected a name", at: first) }
        guard offset - first <= PriceLimits.nameByteCount else { throw RowFault("a name has at most \(PriceLimits.nameByteCount) bytes", at: first) }
        guard ASCII.isLetter(line[first]) || ASCII.isDigit(line[first]) else { throw RowFault("a name begins with a letter or a digit", at: first) }
        return start + first..<start + offset
    }

    @inline(__always)
    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    /// What stands between double quotes, without escapes.
    mutating func quotedText(most byteCount: Int) throws(RowFault) -> Range<Int> {
        guard take("\"") else { throw fault("expected a text in double quotes") }
        let first = offset
        guard let end = line.firstIndex(of: UInt8(ascii: "\""), from: first) else { throw RowFault("the text that starts here does not end", at: first) }
        guard end > first else { throw RowFault("the text is empty", at: first) }
        guard end - first <= byteCount else { throw RowFault("the text has more than \(byteCount) bytes", at: first) }
        for index in first..<end where line[index] < 0x20 || line[index] > 0x7E || line[index] == UInt8(ascii: "\\") {
            throw RowFault("expected printable ASCII without \"\\\"", at: index)
        }
        offset = end + 1
        return start + first..<start + end
    }

    // MARK: Prices

    /// Everything of one model.
    mutating func prices() throws(RowFault) {
        let own = try append(PriceBand(tier: .standard, above: 0))
        try open()
        repeat {
            if try rate(ofBand: own) { continue }
            if take("request: ") {
                perRequest = UnitPrice(unchecked: try number(fractionDigits: 15))
            } else if take("context: ") {
                contextTokens = try count()
            } else if take("max_output: ") {
                maxOutputTokens = try count()
            } else if take("above: ") {
                try above(.standard)
            } else if take("units: ") {
                try readUnits()
            } else if let tier = serviceTier() {
                try prices(of: tier)
            } else {
                throw fault("expected a class of tokens, request, context, max_output, above, a service tier or units")
            }
        } while try more()
    }

    private mutating func serviceTier() -> ServiceTier? {
        if take("batch: ") { return .batch }
        if take("flex: ") { return .flex }
        if take("priority: ") { return .priority }
        if take("fast: ") { return .fast }
        return nil
    }

    private mutating func prices(of tier: ServiceTier) throws(RowFault) {
        for index in 0..<bandCount where bands[index].tier == tier { throw fault("a service tier is given twice") }
        let own = try append(PriceBand(tier: tier, above: 0))
        try open()
        repeat {
            if try rate(ofBand: own) { continue }
            guard take("above: ") else { throw fault("expected a class of tokens, or above") }
            try above(tier)
        } while try more()
    }

    /// `{200000: {…}, …}`, in rising order.
    private mutating func above(_ tier: ServiceTier) throws(RowFault) {
        try open()
        var last: Int64 = 0
        for index in 0..<bandCount where bands[index].tier == tier && bands[index].above > 0 { throw fault("above is given twice") }
        repeat {
            let place = offset
            let bound = try count()
            guard bound > last else { throw RowFault("bounds are given in rising order", at: place) }
            last = bound
            guard take(": ") else { throw fault("expected \": {\" after the bound") }
            let own = try append(PriceBand(tier: tier, above: bound))
            try open()
            repeat {
                guard try rate(ofBand: own) else { throw fault("expected a class of tokens") }
            } while try more()
        } while try more()
    }

    private mutating func readUnits() throws(RowFault) {
        guard units.isEmpty else { throw fault("units are given twice") }
        try open()
        repeat {
            let place = offset
            let name = try name()
            guard take(": ") else { throw fault("expected \": \" after the unit's name") }
            guard units.count < PriceLimits.unitCount else { throw RowFault("more than \(PriceLimits.unitCount) units", at: place) }
            let text = line[place..<place + name.count]
            let isTwice = units.contains { line[Int($0.nameOffset) - start..<Int($0.nameOffset) - start + Int($0.nameByteCount)] == text }
            guard !isTwice else { throw RowFault("a unit is given twice", at: place) }
            let price = UnitPrice(unchecked: try number(fractionDigits: 15))
            if text == "web_search" { perSearch = price }
            units.append(PriceBook.Unit(
                nameOffset: UInt32(truncatingIfNeeded: name.lowerBound), nameByteCount: UInt16(truncatingIfNeeded: name.count), price: price))
        } while try more()
    }

    /// One class and its price, if one stands here.
    private mutating func rate(ofBand band: Int) throws(RowFault) -> Bool {
        let place = offset
        guard let kind = tokenClass() else { return false }
        guard !bands[band].stated.contains(kind) else { throw RowFault("a class of tokens is given twice", at: place) }
        bands[band].state(kind, try number(fractionDigits: 9))
        return true
    }

    private mutating func tokenClass() -> TokenClass? {
        guard offset < line.count else { return nil }
        switch line[offset] {
        case UInt8(ascii: "i"):
            if take("input: ") { return .input }
            if take("image_input: ") { return .imageInput }
            if take("image_cached: ") { return .imageCached }
            if take("image_output: ") { return .imageOutput }
        case UInt8(ascii: "o"):
            if take("output: ") { return .output }
        case UInt8(ascii: "c"):
            if take("cached: ") { return .cachedRead }
            if take("cache_write_5m: ") { return .cacheWrite5m }
            if take("cache_write_1h: ") { return .cacheWrite1h }
        case UInt8(ascii: "a"):
            if take("audio_input: ") { return .audioInput }
            if take("audio_cached: ") { return .audioCached }
            if take("audio_output: ") { return .audioOutput }
        case UInt8(ascii: "r"):
            if take("reasoning: ") { return .reasoning }
        default: break
        }
        return nil
    }

    private mutating func append(_ band: PriceBand) throws(RowFault) -> Int {
        var count = 0
        for index in 0..<bandCount where bands[index].tier == band.tier { count += 1 }
        guard count < PriceLimits.bandCount else { throw fault("more than \(PriceLimits.bandCount) prices by length") }
        bands[bandCount] = band
        bandCount += 1
        return bandCount - 1
    }

    // MARK: Marks and numbers

    private mutating func open() throws(RowFault) {
        guard take("{") else { throw fault("expected \"{\"") }
    }

    /// Whether another entry follows; else the mapping has ended.
    private mutating func more() throws(RowFault) -> Bool {
        if take(", ") { return true }
        guard take("}") else { throw fault("expected \", \" or \"}\"") }
        return false
    }

    private mutating func count() throws(RowFault) -> Int64 {
        let first = offset
        while offset < line.count, ASCII.isDigit(line[offset]) { offset += 1 }
        guard offset - first < 16, line.count > first, line[first] != UInt8(ascii: "0"), let value = line[first..<offset].decimal else {
            throw RowFault("expected a number of tokens", at: first)
        }
        return value
    }

    /// A price in dollars, of which one unit of 10^-`fractionDigits` is one nano-dollar a million.
    private mutating func number(fractionDigits: Int) throws(RowFault) -> Int64 {
        let first = offset
        var value: Int64 = 0
        var isTooLarge = false
        func append(_ digit: UInt8) {
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = scaled.addingReportingOverflow(Int64(digit))
            isTooLarge = isTooLarge || overflowed || carried
            value = sum
        }
        while offset < line.count, ASCII.isDigit(line[offset]) {
            append(line[offset] &- 0x30)
            offset += 1
        }
        guard offset > first, line[first] != UInt8(ascii: "0") || offset == first + 1 else {
            throw RowFault("expected a price: digits, and \".\" before decimals", at: first)
        }
        var decimals = 0
        if take(".") {
            while offset < line.count, ASCII.isDigit(line[offset]) {
                append(line[offset] &- 0x30)
                offset += 1
                decimals += 1
            }
            guard decimals > 0 else { throw fault("expected decimals after \".\"") }
            guard decimals <= fractionDigits else { throw RowFault("a price has at most \(fractionDigits) decimals here", at: first) }
        }
        for _ in decimals..<fractionDigits { append(0) }
        guard !isTooLarge, value <= PriceLimits.unitPrice else { throw RowFault("the price is too large", at: first) }
        return value
    }

    // MARK: What is not stated

    /// Gives each class of each band a price. What a service tier does not state is priced as standard; what a longer prompt's band does
    /// not state, as in the band before; the rest follows from the others.
    mutating func resolve() {
        for index in 0..<bandCount {
            let band = bands[index]
            var known = band.stated
            if band.tier != .standard { inherit(.standard, upTo: band.above, into: index, &known) }
            inherit(band.tier, upTo: band.above - 1, into: index, &known)
            bands[index].assumeTheRest(known: known)
        }
        completeTiers()
    }

    /// Takes what the bands of `tier` state, that of the longest prompts first.
    private mutating func inherit(_ tier: ServiceTier, upTo bound: Int64, into index: Int, _ known: inout TokenClassSet) {
        for other in stride(from: bandCount - 1, through: 0, by: -1) where bands[other].tier == tier && bands[other].above <= bound {
            bands[index].inherit(bands[other], known: &known)
        }
    }

    /// A tier that does not say what long prompts cost, where standard does, takes the dearer of its own price and standard's.
    private mutating func completeTiers() {
        let stated = bandCount
        for index in 0..<stated where bands[index].tier != .standard && bands[index].above == 0 {
            let tier = bands[index].tier
            let own = (0..<stated).filter { bands[$0].tier == tier }
            guard own.count == 1 else { continue }
            for other in 0..<stated where bands[other].tier == .standard && bands[other].above > 0 {
                var band = PriceBand(tier: tier, above: bands[other].above, like: bands[index])
                band.raise(to: bands[other])
                bands[bandCount] = band
                bandCount += 1
            }
        }
    }
}
