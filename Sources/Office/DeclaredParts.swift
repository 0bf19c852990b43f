public import Gateway
public import Ledger

/// What the configuration file says, made into parts of a snapshot.
public struct DeclaredParts: Sendable {
    /// Its `keys` are the file's alone.
    public var parts: Snapshot.Parts
    /// Those keys again: a table with others in it is made anew.
    public var keys: [KeyTable.Declaration]

    public init(_ parts: Snapshot.Parts, keys: [KeyTable.Declaration]) {
        self.parts = parts
        self.keys = keys
    }
}
