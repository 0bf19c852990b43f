/// How many of a list's members have to be there.
public enum Quantifier: String, CaseIterable, Sendable {
    case any, all, none

    /// - Parameter found: how many of `count` are there.
    func holds(found: Int, of count: Int) -> Bool {
        switch self {
        case .any: found > 0
        case .all: found == count
        case .none: found == 0
        }
    }
}
