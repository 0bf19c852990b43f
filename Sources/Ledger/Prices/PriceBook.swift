public import Bytes
import Providers

/// What models cost, by provider and name. Immutable; read off the workers and shared by them.
///
/// Names are looked for under what was asked for, then without a prefix and without a date; see `ModelNameForms`. A model that is
/// not found has no price, and none is made up.
public final class PriceBook: @unchecked Sendable {
    struct Row: BitwiseCopyable {
        /// Of the name in `text`.
        var nameOffset: UInt32 = 0
        var nameByteCount: UInt16 = 0
        var provider: UInt16 = 0
        var firstBand: UInt32 = 0
        var bandCount: UInt8 = 0
        var unitCount: UInt8 = 0
        var firstUnit: UInt32 = 0
        /// 0 where the book does not say.
        var maxOutputTokens: Int64 = 0
        var contextTokens: Int64 = 0
        var perRequest = UnitPrice.zero
        /// Of its units the one that is wanted for each request.
        var perSearch: UnitPrice?
    }

    /// A price by the unit.
    struct Unit: BitwiseCopyable {
        let nameOffset: UInt32
        let nameByteCount: UInt16
        let price: UnitPrice
    }

    /// What a reader gathers.
    struct Contents {
        var version = ""
        var source = ""
        var providers: [Range<Int>] = []
        var rows: [Row] = []
        var bands: [PriceBand] = []
        var units: [Unit] = []
    }

    /// Which edition of the figures this is; of one book over another, both.
    public let version: String
    /// Where they are from.
    public let source: String
    private let contents: Contents
    /// The contents' rows again, and their bands, where a lookup reaches them without counting references.
    private let rows: UnsafeMutablePointer<Row>
    private let bands: UnsafeMutablePointer<PriceBand>
    /// The book's text, which names are slices of.
    private let text: ByteSlice
    private let ownsText: Bool
    private let base: PriceBook?
    /// Open-addressed: a row's index plus one at the hash of its names, or 0. Never more than half full.
    private let slots: UnsafeMutablePointer<UInt32>
    private let mask: Int
    /// By a provider's hash, whether the book or the one below it may price it: for a host that only its operator knows, nothing is looked for.
    private let providerMarks: UnsafeMutablePointer<Bool>
    private static let providerMarkCount = 1024

    /// Reads a book.
    /// - Parameters:
    ///   - text: is copied, so that it may go.
    ///   - base: answers for what this one does not have.
    /// - Throws: every fault of the text, up to a bound; a book is read whole or not at all.
    public convenience init(_ text: ByteSlice, over base: PriceBook? = nil) throws(PriceFaults) {
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(text.count, 1))
        copy.initialize(from: text.base, count: text.count)
        do throws(PriceFaults) {
            try self.init(keeping: ByteSlice(copy, count: text.count), owned: true, over: base)
        } catch {
            copy.deallocate()
            throw error
        }
    }

    /// - Parameter text: lives as long as the book; given back by it if `owned`.
    init(keeping text: ByteSlice, owned: Bool, over base: PriceBook? = nil) throws(PriceFaults) {
        var reader = PriceBookReader(text)
        var contents = try reader.read()
        var slotCount = 16
        while slotCount < contents.rows.count * 2 { slotCount *= 2 }
        var slots = [UInt32](repeating: 0, count: slotCount)
        for (index, row) in contents.rows.enumerated() {
            let provider = text[contents.providers[Int(row.provider)]]
            let name = text[Int(row.nameOffset)..<Int(row.nameOffset) + Int(row.nameByteCount)]
            var slot = PriceBook.hash(provider, name) & (slotCount - 1)
            while slots[slot] != 0 {
                let other = contents.rows[Int(slots[slot]) - 1]
                let isSameName = text[Int(other.nameOffset)..<Int(other.nameOffset) + Int(other.nameByteCount)] == name
                if other.provider == row.provider, isSameName { reader.noteTwice(row) }
                slot = (slot + 1) & (slotCount - 1)
            }
            slots[slot] = UInt32(truncatingIfNeeded: index + 1)
        }
        try reader.throwFaults()
        providerMarks = .allocate(capacity: PriceBook.providerMarkCount)
        for index in 0..<PriceBook.providerMarkCount { (providerMarks + index).initialize(to: base?.providerMarks[index] ?? false) }
        for provider in contents.providers { providerMarks[PriceBook.mark(text[provider])] = true }
        rows = PriceBook.copy(contents.rows)
        bands = PriceBook.copy(contents.bands)
        contents.bands = []
        self.contents = contents
        self.text = text
        self.base = base
        self.slots = PriceBook.copy(slots)
        version = base.map { "\(contents.version) over \($0.version)" } ?? contents.version
        source = contents.source
        mask = slotCount - 1
        ownsText = owned
    }

    deinit {
        rows.deallocate()
        bands.deallocate()
        slots.deallocate()
        providerMarks.deallocate()
        if ownsText { text.base.deallocate() }
    }

    private static func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        for (index, element) in elements.enumerated() { (copy + index).initialize(to: element) }
        return copy
    }

    private static let hasher = ByteHash(seed: 0x51_7C_C1_B7_27_22_0A_95)

    // The rows are the operator's: who asks for crafted names finds a few compares and no more, so the seed may be known.
    private static func hash(_ provider: ByteSlice, _ model: ByteSlice) -> Int {
        let mixed = hasher.hash(provider) &* 0x9E37_79B9_7F4A_7C15 ^ hasher.hash(model)
        return Int(truncatingIfNeeded: mixed ^ mixed >> 32) & Int.max
    }

    private static func mark(_ provider: ByteSlice) -> Int { Int(hasher.hash(provider) % UInt64(providerMarkCount)) }

    // MARK: Lookup

    /// Where a price stands. A price is some four hundred bytes: it is made where it is wanted, when it is known that there is one.
    private struct Place {
        let row: Int
        /// How many books down from the one that was asked.
        var depth = 0
        var isExactName = true
    }

    /// What `model` of `provider` costs at `tier`, or at the standard one where the tier has no prices of its own.
    /// - Returns: nil for a model without a price. Allocates nothing.
    public func price(provider: ByteSlice, model: ByteSlice, tier: ServiceTier = .standard) -> ModelPrice? {
        guard let place = place(of: model, provider) else { return nil }
        return price(at: place, tier)
    }

    /// The same, put where it is to be read.
    /// - Parameter out: holds a price, or nothing that has to be released; it is left as it is where there is no price.
    /// - Returns: whether there is one.
    func copyPrice(provider: ByteSlice, model: ByteSlice, tier: ServiceTier = .standard, to out: UnsafeMutablePointer<ModelPrice>) -> Bool {
        guard let place = place(of: model, provider) else { return false }
        out.initialize(to: price(at: place, tier))
        return true
    }

    /// What an answer that took `usage` comes to; nil for a model without a price. For who wants no more of the price: it is not handed on.
    func cost(
        of usage: Usage, provider: ByteSlice, model: ByteSlice, tier: ServiceTier = .standard, adjustment: PriceAdjustment = .none
    ) -> Nanodollars? {
        guard let place = place(of: model, provider) else { return nil }
        return price(at: place, tier).cost(of: usage, adjustment: adjustment)
    }

    private func place(of model: ByteSlice, _ provider: ByteSlice) -> Place? {
        guard model.count <= PriceLimits.modelByteCount, providerMarks[PriceBook.mark(provider)] else { return nil }
        if let place = place(exactly: model, provider) { return place }
        var forms = ModelNameForms(model)
        while let form = forms.next() {
            guard var place = place(exactly: form, provider) else { continue }
            place.isExactName = false
            return place
        }
        return nil
    }

    private func place(exactly model: ByteSlice, _ provider: ByteSlice) -> Place? {
        if let row = row(provider, model) { return Place(row: row) }
        guard var place = base?.place(exactly: model, provider) else { return nil }
        place.depth += 1
        return place
    }

    private func row(_ provider: ByteSlice, _ model: ByteSlice) -> Int? {
        var slot = PriceBook.hash(provider, model) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            let name = ByteSlice(text.base + Int(rows[index].nameOffset), count: Int(rows[index].nameByteCount))
            if name == model, text[contents.providers[Int(rows[index].provider)]] == provider { return index }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func price(at place: Place, _ tier: ServiceTier) -> ModelPrice {
        if place.depth > 0, let base {
            return base.price(at: Place(row: place.row, depth: place.depth - 1, isExactName: place.isExactName), tier)
        }
        let row = rows[place.row]
        var first = Int(row.firstBand)
        let end = first + Int(row.bandCount)
        // Standard comes first; a tier that is not there is priced as standard.
        if tier != .standard {
            var other = first
            while other < end, bands[other].tier != tier { other += 1 }
            if other < end { first = other }
        }
        var last = first + 1
        while last < end, bands[last].tier == bands[first].tier { last += 1 }
        return ModelPrice(
            tier: bands[first].tier, isExactName: place.isExactName, perRequest: row.perRequest, perSearch: row.perSearch,
            maxOutputTokens: row.maxOutputTokens > 0 ? row.maxOutputTokens : nil, contextTokens: row.contextTokens > 0 ? row.contextTokens : nil,
            row: place.row, owner: identity, bands: bands + first, count: last - first)
    }

    /// Tells this book's prices from those of the book below it.
    private var identity: UInt { UInt(bitPattern: ObjectIdentifier(self)) }

    // MARK: Prices by the unit

    /// What one `unit` of what `price` was found for costs: `web_search`, `image.high.1024x1024`; nil where its book does not say.
    public func unitPrice(_ unit: ByteSlice, of price: ModelPrice) -> UnitPrice? {
        guard price.owner == identity else { return base?.unitPrice(unit, of: price) }
        return units(at: price.row).first { name(of: contents.units[$0]) == unit }.map { contents.units[$0].price }
    }

    /// What one image costs: at the quality and size, else with what is not listed taken as `default`.
    public func imagePrice(quality: ByteSlice, size: ByteSlice, of price: ModelPrice) -> UnitPrice? {
        guard price.owner == identity else { return base?.imagePrice(quality: quality, size: size, of: price) }
        let ordinary = ByteSlice("default")
        return imageUnit(quality, size, price) ?? imageUnit(quality, ordinary, price) ?? imageUnit(ordinary, size, price)
            ?? imageUnit(ordinary, ordinary, price)
    }

    private func imageUnit(_ quality: ByteSlice, _ size: ByteSlice, _ price: ModelPrice) -> UnitPrice? {
        for index in units(at: price.row) {
            // image.QUALITY.SIZE
            let name = name(of: contents.units[index])
            guard name.hasPrefix("image."), name.count == 7 + quality.count + size.count else { continue }
            let rest = name.dropFirst(6)
            guard rest.hasPrefix(quality), rest[quality.count] == UInt8(ascii: "."), rest.dropFirst(quality.count + 1) == size else { continue }
            return contents.units[index].price
        }
        return nil
    }

    /// The units `price` was found with, and what one costs of each.
    public func units(of price: ModelPrice) -> [(name: String, price: UnitPrice)] {
        guard price.owner == identity else { return base?.units(of: price) ?? [] }
        return units(at: price.row).map { (String(name(of: contents.units[$0])), contents.units[$0].price) }
    }

    private func units(at index: Int) -> Range<Int> {
        let row = rows[index]
        return Int(row.firstUnit)..<Int(row.firstUnit) + Int(row.unitCount)
    }

    private func name(of unit: Unit) -> ByteSlice { ByteSlice(text.base + Int(unit.nameOffset), count: Int(unit.nameByteCount)) }

    // MARK: Everything

    /// Models in this book, those of the book below it apart.
    public var modelCount: Int { contents.rows.count }

    /// Every model of this book in the order of its text, those of the book below it apart.
    public var models: [(provider: String, model: String)] {
        contents.rows.map { row in
            let name = text[Int(row.nameOffset)..<Int(row.nameOffset) + Int(row.nameByteCount)]
            return (String(text[contents.providers[Int(row.provider)]]), String(name))
        }
    }
}
