import Bytes

/// Numbers with units, as the file writes them: `10s`, `500ms`, `64KiB`, `20MiB`.
enum Quantity {
    static let durationUnits: [(suffix: String, factor: Int64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]
    static let sizeUnits: [(suffix: String, factor: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1),
    ]

    /// The value in the units' common measure; nil when the text is no digits followed by one of the units, or too large.
    static func parse(_ text: String, _ units: [(suffix: String, factor: Int64)]) -> Int64? {
        for unit in units where text.hasSuffix(unit.suffix) {
            let digits = Array(text.utf8.dropLast(unit.suffix.utf8.count))
            guard let number = digits.withByteSlice({ $0.decimal }) else { continue }
            let (product, overflowed) = number.multipliedReportingOverflow(by: unit.factor)
            return overflowed ? nil : product
        }
        return nil
    }

    /// The shortest way to write a value: 65,536 as `64KiB`, 10⁹ ns as `1s`.
    static func text(_ value: Int64, _ units: [(suffix: String, factor: Int64)]) -> String {
        let fitting = units.filter { value % $0.factor == 0 && value >= $0.factor }
        let best = fitting.max { $0.factor < $1.factor }
        guard let best else { return "0" + (units.min { $0.factor < $1.factor }?.suffix ?? "") }
        return "\(value / best.factor)\(best.suffix)"
    }
}
