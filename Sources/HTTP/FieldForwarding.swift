public import Bytes

extension FieldTable {
    /// Whether a `Connection` field of this message names the line's field, which must then not be passed on.
    ///
    /// Never true for Host and Content-Length: removing those would change what the message is, so that a
    /// sender could smuggle by nominating them.
    /// - Parameter options: the head's, which spare the search when no field is named.
    /// - Source: RFC 9110 §7.6.1
    public func isNominated(_ line: FieldLine, by options: ConnectionOptions, in message: ByteSlice) -> Bool {
        guard options.contains(.fields), line.name != .host, line.name != .contentLength else { return false }
        let name = message[line.nameRange]
        var next = firstIndex(of: .connection)
        while let index = next {
            var list = FieldList(message[lines[index].valueRange])
            while let element = list.next() {
                if equalsIgnoringCase(element, name) { return true }
            }
            next = nextIndex(of: .connection, after: index)
        }
        return false
    }

    /// Calls `body` with each run of whole lines, CRLFs included, that are kept: all but those whose name is
    /// in `dropped` and those the message's `Connection` fields name. Adjacent lines make one run.
    ///
    /// Names classified as `.other` can be dropped only all together.
    @inlinable
    public func forEachKeptRun(
        dropping dropped: FieldNameSet, nominatedBy options: ConnectionOptions, in message: ByteSlice,
        _ body: (ByteSlice) -> Void
    ) {
        var start = 0
        var end = 0
        let mayNominate = options.contains(.fields)
        for index in 0..<count {
            let line = lines[index]
            if dropped.contains(line.name) { continue }
            if mayNominate, isNominated(line, by: options, in: message) { continue }
            if Int(line.lower) != end {
                if end > start { body(message[start..<end]) }
                start = Int(line.lower)
            }
            end = Int(line.upper)
        }
        if end > start { body(message[start..<end]) }
    }

    /// Writes the kept lines; see `forEachKeptRun`.
    public func write(
        dropping dropped: FieldNameSet, nominatedBy options: ConnectionOptions, from message: ByteSlice,
        to writer: inout ByteWriter
    ) {
        forEachKeptRun(dropping: dropped, nominatedBy: options, in: message) { writer.append($0) }
    }

    private func equalsIgnoringCase(_ left: ByteSlice, _ right: ByteSlice) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where ASCII.lowercased(left[index]) != ASCII.lowercased(right[index]) {
            return false
        }
        return true
    }
}
