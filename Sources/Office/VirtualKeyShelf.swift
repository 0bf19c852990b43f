import Gateway
import Ledger

/// What virtual keys of the store came to, kept from one snapshot to the next: a change of one makes none of the others again.
struct VirtualKeyShelf: Sendable {
    struct Made: Sendable {
        var key: Snapshot.VirtualKey
        /// What is wrong with it.
        var faults: [String] = []
        /// When the clock alone makes it another.
        var changesAt: Int64?
        /// Whether it turns on what workspaces there are.
        var isShared = false
    }

    /// By their ids.
    private var kept: [String: Made] = [:]
    /// What keeps the limits of all.
    private(set) var books: AccountBooks?

    /// One that is as it was, if the clock has not made it another since.
    func found(_ id: String, now: Int64) -> Made? {
        guard let made = kept[id] else { return nil }
        return made.changesAt.map { $0 <= now } == true ? nil : made
    }

    mutating func keep(_ made: [String: Made], _ books: AccountBooks?) {
        kept.merge(made) { _, new in new }
        self.books = books
    }

    mutating func remove(_ id: String) { kept[id] = nil }

    /// Workspaces have changed.
    mutating func removeShared() { kept = kept.filter { !$0.value.isShared } }

    /// What all of them turn on has changed.
    mutating func removeAll() { self = VirtualKeyShelf() }
}
