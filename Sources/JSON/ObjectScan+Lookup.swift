public import Bytes

extension ObjectScan {
    /// The member called `name`, its key compared decoded (`"mod\u0065l"` is `model`); where the
    /// object has several, the last, which is the one most readers take.
    ///
    /// Exact for watched names. For others nil means absent only while `overflowed` is false.
    public func member(_ name: StaticString) -> Member? { member(ByteSlice(name)) }

    public func member(_ name: ByteSlice) -> Member? {
        if let index = names.index(of: name) { return isSeen(index) ? lastNamed(index) : nil }
        for index in stride(from: count - 1, through: 0, by: -1) where isNamed(index, name) { return self[index] }
        return nil
    }

    /// The second member of a watched name that the object gives twice; the earliest such in the text.
    public func firstDuplicate() -> Member? {
        repeated == 0 ? nil : earliestDuplicate { _ in true }
    }

    /// The same among some of the watched names.
    /// - Precondition: each of `wanted` was given at `init`; of others duplicates are not tracked.
    public func firstDuplicate(among wanted: [StaticString]) -> Member? {
        if repeated == 0 { return nil }
        for name in wanted { precondition(names.index(of: ByteSlice(name)) != nil, "duplicates are tracked for watched names") }
        return earliestDuplicate { index in wanted.contains { names[index] == $0 } }
    }

    /// Whether recorded member `index` is called `name`.
    @inline(__always)
    func isNamed(_ index: Int, _ name: ByteSlice) -> Bool {
        let member = self[index]
        guard member.key.count >= name.count else { return false }
        return member.name(in: text) == name
    }

    private func isSeen(_ index: Int) -> Bool { seen &>> UInt64(truncatingIfNeeded: index) & 1 == 1 }

    private func earliestDuplicate(where isWanted: (Int) -> Bool) -> Member? {
        var earliest: Member?
        for index in 0..<names.count where repeated &>> UInt64(truncatingIfNeeded: index) & 1 == 1 && isWanted(index) {
            let candidate = secondNamed(index)
            if candidate.start < earliest?.start ?? .max { earliest = candidate }
        }
        return earliest
    }
}

extension ObjectScan {
    /// The recorded or watched member's value, when it is a string.
    public func string(_ name: StaticString) -> JSONString? { member(name)?.string(in: text) }

    public func bool(_ name: StaticString) -> Bool? { member(name)?.bool }

    public func integer(_ name: StaticString) -> Int64? { member(name)?.integer(in: text) }
}
