public import Bytes
public import Providers

/// The prices that were asked for last: one a thread. A request asks three times for the same model's, and its requests are alike.
///
/// A name too long to be kept is looked up each time.
public final class PriceMemo {
    private struct Key: BitwiseCopyable {
        var providerByteCount = 0
        var modelByteCount = 0
        var tier = ServiceTier.standard
        /// Whether the book has one.
        var isPriced = false
    }

    // All read where they lie: a price is some four hundred bytes.
    private let keys = UnsafeMutablePointer<Key>.allocate(capacity: PriceLimits.memoCount)
    private let names = UnsafeMutablePointer<UInt8>.allocate(capacity: PriceLimits.memoCount * PriceLimits.memoNameByteCount)
    private let prices = UnsafeMutablePointer<ModelPrice>.allocate(capacity: PriceLimits.memoCount)
    private var count = 0
    /// The one that was found last, and the next to be given up.
    private var last = 0
    private var next = 0
    /// Whose prices they are; kept, so that no other can stand in its place in memory.
    private var book: PriceBook?

    public init() {}

    deinit {
        keys.deallocate()
        names.deallocate()
        prices.deallocate()
    }

    /// As `PriceBook.copyPrice`.
    public func copyPrice(
        provider: ByteSlice, model: ByteSlice, tier: ServiceTier, from book: PriceBook, to out: UnsafeMutablePointer<ModelPrice>
    ) -> Bool {
        guard let place = place(of: model, provider, tier, book) else { return book.copyPrice(provider: provider, model: model, tier: tier, to: out) }
        guard keys[place].isPriced else { return false }
        out.initialize(from: prices + place, count: 1)
        return true
    }

    /// As `PriceBook.cost`.
    public func cost(
        of usage: Usage, provider: ByteSlice, model: ByteSlice, tier: ServiceTier, adjustment: PriceAdjustment, from book: PriceBook
    ) -> Nanodollars? {
        guard let place = place(of: model, provider, tier, book) else {
            return book.cost(of: usage, provider: provider, model: model, tier: tier, adjustment: adjustment)
        }
        return keys[place].isPriced ? prices[place].costInPlace(of: usage, adjustment: adjustment) : nil
    }

    /// Nil where the names are too long to be kept.
    private func place(of model: ByteSlice, _ provider: ByteSlice, _ tier: ServiceTier, _ book: PriceBook) -> Int? {
        if book !== self.book {
            self.book = book
            (count, last, next) = (0, 0, 0)
        }
        if last < count, isAt(last, model, provider, tier) { return last }
        guard provider.count + model.count <= PriceLimits.memoNameByteCount else { return nil }
        for place in 0..<count where isAt(place, model, provider, tier) {
            last = place
            return place
        }
        return keep(model, provider, tier, book)
    }

    private func isAt(_ place: Int, _ model: ByteSlice, _ provider: ByteSlice, _ tier: ServiceTier) -> Bool {
        let key = keys[place]
        guard key.modelByteCount == model.count, key.providerByteCount == provider.count, key.tier == tier else { return false }
        let name = names + place * PriceLimits.memoNameByteCount
        return ByteSlice(name, count: model.count) == model && ByteSlice(name + model.count, count: provider.count) == provider
    }

    private func keep(_ model: ByteSlice, _ provider: ByteSlice, _ tier: ServiceTier, _ book: PriceBook) -> Int {
        let place = next
        next = (next + 1) % PriceLimits.memoCount
        count = max(count, place + 1)
        let name = names + place * PriceLimits.memoNameByteCount
        name.initialize(from: model.base, count: model.count)
        (name + model.count).initialize(from: provider.base, count: provider.count)
        var key = Key(providerByteCount: provider.count, modelByteCount: model.count, tier: tier)
        key.isPriced = book.copyPrice(provider: provider, model: model, tier: tier, to: prices + place)
        (keys + place).initialize(to: key)
        last = place
        return place
    }
}
