import Bytes
import HTTP

extension FieldTable {
    /// Lends the values of the `x-portkey-…` fields whose names begin with `prefix`, each with the rest of its name; empty ones are left out.
    ///
    /// For options of one provider's: most requests have no field of that kind.
    borrowing func eachPortkeyOption(_ prefix: StaticString, in message: ByteSlice, _ body: (_ rest: ByteSlice, _ value: ByteSlice) -> Void) {
        guard contains(.otherPortkey) else { return }
        let prefix = ByteSlice(prefix)
        var next = firstIndex(of: .otherPortkey)
        while let index = next {
            let name = message[self[index].nameRange]
            let value = message[self[index].valueRange]
            if name.count > prefix.count, name.prefix(prefix.count).equalsIgnoringCase(prefix), !value.isEmpty { body(name.dropFirst(prefix.count), value) }
            next = nextIndex(of: .otherPortkey, after: index)
        }
    }
}
