import Bytes

extension Exporter {
    /// Whether it is declared as another is: of the same name, with the same terms, to the same place, with the same secrets.
    func isSame(as other: Exporter) -> Bool {
        guard name == other.name, terms == other.terms else { return false }
        switch (kind, other.kind) {
        case (.spans(let one, let resource), .spans(let two, let otherResource)):
            return one.isSame(as: two) && resource.elementsEqual(otherResource) { $0 == $1 }
        case (.lines(let one), .lines(let two)): return one == two
        case (.messages(let one), .messages(let two)): return one.isSame(as: two)
        case (.spans, _), (.lines, _), (.messages, _): return false
        }
    }
}

extension HTTPDestination {
    fileprivate func isSame(as other: HTTPDestination) -> Bool {
        guard host == other.host, caFile == other.caFile, isPacked == other.isPacked else { return false }
        guard url.bytes == other.url.bytes, fields.count == other.fields.count else { return false }
        guard zip(fields, other.fields).allSatisfy({ $0.name == $1.name && $0.value.bytes == $1.value.bytes }) else { return false }
        switch (key, other.key) {
        case (nil, nil): return true
        case (let one?, let two?): return one.bytes == two.bytes
        case (nil, _?), (_?, nil): return false
        }
    }
}
