import Bytes
import CPrices

extension PriceBook {
    /// The book that comes with the program: `config/prices.yaml`.
    ///
    /// Reading it takes a few milliseconds; it is to be read once.
    public static func embedded() throws(PriceFaults) -> PriceBook {
        try PriceBook(keeping: embeddedText, owned: false)
    }

    /// The text of the book that comes with the program.
    static var embeddedText: ByteSlice {
        guard let text = cprices_text() else { return ByteSlice("") }
        return ByteSlice(text, count: cprices_byte_count())
    }
}
