public import Bytes

extension Splice {
    /// Gives the member `name` of the scanned object the value `fragment`: in place where the
    /// object has the member (in every place, if it has it twice), else in front of all others.
    ///
    /// `name` is given decoded and must need no escapes; `fragment` is one JSON value. Setting
    /// again replaces, removing takes back: the verbs act on an object one after the other.
    /// - Precondition: `object` scanned the text this splice began with, whole or in part.
    public mutating func set(
        _ name: ByteSlice, _ fragment: ByteSlice, in object: borrowing ObjectScan
    ) throws(SpliceError) {
        try requireComplete(object, for: name)
        var isPresent = false
        for index in 0..<object.count where object.isNamed(index, name) {
            let member = object[index]
            if isCovered(member.start) { continue }
            isPresent = true
            try replace(member.value, with: fragment)
        }
        if object.overflowed, !isPresent, let member = object.member(name) {
            isPresent = true
            try replace(member.value, with: fragment)
        }
        if isPresent { return }
        if let index = insertion(of: name, in: object) { return setFragment(fragment, of: index) }
        try insert(name, fragment, in: object)
    }

    public mutating func set(
        _ name: StaticString, _ fragment: ByteSlice, in object: borrowing ObjectScan
    ) throws(SpliceError) { try set(ByteSlice(name), fragment, in: object) }

    /// Takes the member `name` out of the scanned object, with the comma that belonged to it.
    /// - Returns: whether there was one.
    @discardableResult
    public mutating func remove(
        _ name: ByteSlice, in object: borrowing ObjectScan
    ) throws(SpliceError) -> Bool {
        try requireComplete(object, for: name)
        var isPresent = false
        if let index = insertion(of: name, in: object) {
            drop(index)
            isPresent = true
        }
        if object.overflowed {
            // The last recorded member's comma depends on what follows it, which is not recorded.
            if object.member(name) != nil { throw .unrecorded }
            return isPresent
        }
        for index in 0..<object.count where object.isNamed(index, name) && !isCovered(object[index].start) {
            try remove(at: index, in: object)
            isPresent = true
        }
        return isPresent
    }

    @discardableResult
    public mutating func remove(
        _ name: StaticString, in object: borrowing ObjectScan
    ) throws(SpliceError) -> Bool { try remove(ByteSlice(name), in: object) }

    /// A table that ran over still answers for watched names given once; for nothing else.
    private func requireComplete(_ object: borrowing ObjectScan, for name: ByteSlice) throws(SpliceError) {
        guard object.overflowed else { return }
        guard let index = object.names.index(of: name) else { throw .unrecorded }
        if object.repeated &>> UInt64(truncatingIfNeeded: index) & 1 == 1 { throw .unrecorded }
    }

    /// Removes a member together with the comma after it, or, when no member is left behind it,
    /// with the comma after the last one left in front.
    private mutating func remove(at index: Int, in object: borrowing ObjectScan) throws(SpliceError) {
        var next = index + 1
        while next < object.count, isCovered(object[next].start) { next += 1 }
        if next < object.count {
            let range = object[index].start..<object[index + 1].start
            return try put(Edit(lower: range.lowerBound, upper: range.upperBound, fragment: ByteSlice("")))
        }
        var kept = index - 1
        while kept >= 0, isCovered(object[kept].start) { kept -= 1 }
        let lower = kept >= 0 ? object[kept].end : object[0].start
        try put(Edit(lower: lower, upper: object[object.count - 1].end, fragment: ByteSlice("")))
    }

    private mutating func insert(
        _ name: ByteSlice, _ fragment: ByteSlice, in object: borrowing ObjectScan
    ) throws(SpliceError) {
        for index in 0..<name.count {
            let byte = name[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { throw .unwritableName }
        }
        let at = object.object.lowerBound + 1
        let members = object.count == 0 ? at..<at : object[0].start..<object[object.count - 1].end
        try put(Edit(lower: at, upper: at, fragment: fragment, name: name, members: members))
    }

    /// The edit that put a new member `name` into `object`.
    private func insertion(of name: ByteSlice, in object: borrowing ObjectScan) -> Int? {
        let at = object.object.lowerBound + 1
        for index in 0..<editCount {
            let edit = self[index]
            if edit.lower == at, let inserted = edit.name, inserted == name { return index }
        }
        return nil
    }
}
