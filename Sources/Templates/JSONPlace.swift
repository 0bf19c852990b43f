import Bytes

/// Where in a JSON text its end is: in a string, within an escape of one, or outside.
///
/// It follows the text alone: as long as that is the beginning of some JSON text, what it says is what a parser would.
struct JSONPlace {
    enum State: Equatable {
        case outside, string, backslash
        /// Behind `\u`, that many digits short of a character.
        case digits(UInt8)
    }

    private(set) var state: State

    init(isInString: Bool = false) { state = isInString ? .string : .outside }

    var isInString: Bool { state != .outside }
    var isInEscape: Bool { state != .outside && state != .string }

    /// Goes on past `bytes`.
    mutating func pass(_ bytes: ByteSlice) {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            switch state {
            case .outside: if byte == UInt8(ascii: "\"") { state = .string }
            case .string:
                if byte == UInt8(ascii: "\"") {
                    state = .outside
                } else if byte == UInt8(ascii: "\\") {
                    state = .backslash
                }
            case .backslash: state = byte == UInt8(ascii: "u") ? .digits(4) : .string
            case .digits(let count): state = count > 1 ? .digits(count - 1) : .string
            }
        }
    }
}
