import Bytes

/// The names a model may stand under in a price book when it does not under its own: without the prefix `models/`, without its date.
///
/// Nothing else is tried: a version, a size or a region in a name is what prices differ by.
struct ModelNameForms {
    private let name: ByteSlice
    private let bare: ByteSlice
    private var tried = 0

    init(_ name: ByteSlice) {
        self.name = name
        bare = name.hasPrefix("models/") ? name.dropFirst(7) : name
    }

    /// The next name to try; each differs from the one asked for.
    mutating func next() -> ByteSlice? {
        if tried == 0 {
            tried = 1
            if bare.count < name.count { return bare }
        }
        if tried == 1 {
            tried = 2
            if let dated = ModelNameForms.dateByteCount(of: bare) { return bare.prefix(bare.count - dated) }
        }
        return nil
    }

    /// Bytes of the date at the end of `name`: `-2024-08-06`, `-20240806` or `@20240806`. Nil when it has none, or is nothing else.
    static func dateByteCount(of name: ByteSlice) -> Int? {
        if name.count > 11, let date = Optional(name.dropFirst(name.count - 11)), date[0] == 0x2D, date[5] == 0x2D, date[8] == 0x2D,
            isDate(year: date[1..<5], month: date[6..<8], day: date[9..<11])
        {
            return 11
        }
        if name.count > 9, let date = Optional(name.dropFirst(name.count - 9)), date[0] == 0x2D || date[0] == 0x40,
            isDate(year: date[1..<5], month: date[5..<7], day: date[7..<9])
        {
            return 9
        }
        return nil
    }

    private static func isDate(year: ByteSlice, month: ByteSlice, day: ByteSlice) -> Bool {
        guard let year = year.decimal, let month = month.decimal, let day = day.decimal else { return false }
        return year >= 2015 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31
    }
}
