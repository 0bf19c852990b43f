public import Bytes

/// Turns byte offsets of one text into lines and columns, and back.
public struct PositionIndex {
    private let text: ByteSlice
    private var lineStarts: [Int] = [0]
    // The last answer. Questions mostly come in order, so columns are counted from there on and a
    // text of one long line costs one pass.
    private var last = SourcePosition.start

    /// - Parameter text: must outlive the index.
    public init(_ text: ByteSlice) {
        self.text = text
        var offset = 0
        while let found = text.firstIndex(of: 0x0A, from: offset) {
            offset = found + 1
            lineStarts.append(offset)
        }
    }

    /// The place of the byte at `offset`, which may be the end of the text.
    public mutating func position(at offset: Int) -> SourcePosition {
        let line = lineIndex(of: offset)
        var column = 1
        var cursor = lineStarts[line]
        if last.line == line + 1, last.offset <= offset {
            column = last.column
            cursor = last.offset
        }
        while cursor < min(offset, text.count) {
            // Continuation bytes of UTF-8 are no column of their own.
            if text[cursor] & 0xC0 != 0x80 { column += 1 }
            cursor += 1
        }
        last = SourcePosition(line: line + 1, column: column, offset: offset)
        return last
    }

    private func lineIndex(of offset: Int) -> Int {
        var lower = 0
        var upper = lineStarts.count
        while upper - lower > 1 {
            let middle = (lower + upper) / 2
            if lineStarts[middle] <= offset { lower = middle } else { upper = middle }
        }
        return lower
    }
}
