/// Bounds of price books.
public enum PriceLimits {
    /// Bytes of a price book. The embedded one, of 3,000 models, has a tenth.
    public static let bookByteCount = 4 << 20

    /// Bytes of a file to import. LiteLLM's, of 3,000 models, has 1.6 MB.
    public static let importByteCount = 8 << 20

    /// Values in a file to import. One for every 32 bytes.
    public static let importValueCount = 1 << 18

    /// Models of a book.
    public static let modelCount = 1 << 16

    /// Providers of a book.
    public static let providerCount = 256

    /// Bytes of a model's name. The longest known have 61; a request that names a longer one names none of the book.
    public static let modelByteCount = 256

    /// Bytes of a provider's name, or of a unit's.
    public static let nameByteCount = 64

    /// Prices at hand to a worker that it has asked for before: each takes half a kilobyte, and one that is not among them is looked up.
    static let memoCount = 8

    /// Bytes of the names of provider and model by which those are known: longer ones are looked up each time.
    static let memoNameByteCount = 128

    /// Prices of one model and service tier, by the length of the prompt. Alibaba's have four, others two.
    public static let bandCount = 4

    /// Prices by the unit of one model: images by quality and size, searches, seconds. The most known are 16.
    public static let unitCount = 64

    /// Nano-dollars a million units may cost, 10¹⁸: a thousand dollars a token, an image, a second. Twelve classes of 2⁴⁸ tokens at
    /// this price add up without overflow.
    public static let unitPrice: Int64 = 1_000_000_000_000_000_000

    /// Nano-dollars a million tokens may cost in a file to import: 900 dollars. The dearest token known is at 600; what is dearer was the
    /// price of a search, of a minute or of a page.
    static let importedTokenPrice: Int64 = 900_000_000_000

    /// Millionths: the largest multiplier of a price, a thousand.
    public static let multiplier: Int64 = 1_000_000_000

    /// Faults told of one book or file; the rest are counted.
    static let faultCount = 100
}
