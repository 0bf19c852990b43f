import Books

/// How far an exporter has come in each segment of the journal.
///
///     sluice positions 1
///     20261126-231524-4f2a9c01-000003 end
///     20261127-000012-4f2a9c01-000004 81734
///     end
///
/// Each segment that was seen has a line, also those that are done with: what begins a segment may have a clock that was set back, so that a name says
/// nothing of whether a segment is new.
struct JournalPosition: Equatable, Sendable {
    enum Place: Equatable, Sendable {
        /// Behind the last record that was taken.
        case at(Int64)
        /// Nothing comes to it any more, and all of it was taken.
        case done
    }

    var places: [SegmentName: Place] = [:]

    private static let head = "sluice positions 1"
    private static let end = "end"

    init() {}

    /// Nil of what is none, or is cut.
    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines[0] == JournalPosition.head, lines[lines.count - 2] == JournalPosition.end, lines[lines.count - 1].isEmpty else {
            return nil
        }
        for line in lines[1..<(lines.count - 2)] {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, let name = SegmentName(String(words[0])) else { return nil }
            if words[1] == JournalPosition.end {
                places[name] = .done
            } else {
                guard let offset = Int64(words[1]), offset >= 0 else { return nil }
                places[name] = .at(offset)
            }
        }
    }

    var text: String {
        var text = JournalPosition.head + "\n"
        for (name, place) in places.sorted(by: { $0.key < $1.key }) {
            switch place {
            case .at(let offset): text += "\(name) \(offset)\n"
            case .done: text += "\(name) \(JournalPosition.end)\n"
            }
        }
        return text + JournalPosition.end + "\n"
    }
}
