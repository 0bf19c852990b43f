/// A JSON value made up by a test, written in one of the many ways that mean the same.
indirect enum JSONSample: Equatable {
    case literal(String)
    case number(String)
    case string([Unicode.Scalar])
    case array([JSONSample])
    /// Names are different.
    case object([(name: String, value: JSONSample)])

    static func == (left: JSONSample, right: JSONSample) -> Bool {
        switch (left, right) {
        case (.literal(let one), .literal(let other)), (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one == other
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)):
            one.count == other.count && one.allSatisfy { member in other.contains { $0.name == member.name && $0.value == member.value } }
        default: false
        }
    }

    /// An object of some members, some deep.
    static func body(_ random: inout some RandomNumberGenerator) -> JSONSample {
        .object((0..<Int.random(in: 1...6, using: &random)).map { ("m\($0)", value(depth: 3, &random)) })
    }

    static func value(depth: Int, _ random: inout some RandomNumberGenerator) -> JSONSample {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: .literal(["true", "false", "null"].randomElement(using: &random) ?? "null")
        case 1: .number(["0", "1", "-1", "1.0", "1e0", "0.7", "12345678901234567890"].randomElement(using: &random) ?? "0")
        case 2, 3: .string((0..<Int.random(in: 0...20, using: &random)).map { _ in scalar(&random) })
        case 4: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth - 1, &random) })
        default: .object((0..<Int.random(in: 0...4, using: &random)).map { ("k\($0)", value(depth: depth - 1, &random)) })
        }
    }

    private static func scalar(_ random: inout some RandomNumberGenerator) -> Unicode.Scalar {
        let all: [Unicode.Scalar] = ["a", "b", "1", " ", "\"", "\\", "/", "\n", "\u{0}", "\u{7F}", "é", "日", "\u{FFFD}", "😀", "{", ",", ":"]
        return all.randomElement(using: &random) ?? "a"
    }

    /// The value as text: members in any order, white space anywhere, characters escaped or not.
    func text(_ random: inout some RandomNumberGenerator) -> [UInt8] {
        var text: [UInt8] = []
        write(to: &text, &random)
        return text
    }

    func write(to text: inout [UInt8], _ random: inout some RandomNumberGenerator) {
        switch self {
        case .literal(let word), .number(let word): text += word.utf8
        case .string(let scalars): JSONSample.write(scalars, to: &text, &random)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                JSONSample.space(&text, &random)
                element.write(to: &text, &random)
                JSONSample.space(&text, &random)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.shuffled(using: &random).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                JSONSample.space(&text, &random)
                JSONSample.write(Array(member.name.unicodeScalars), to: &text, &random)
                JSONSample.space(&text, &random)
                text.append(UInt8(ascii: ":"))
                JSONSample.space(&text, &random)
                member.value.write(to: &text, &random)
                JSONSample.space(&text, &random)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func space(_ text: inout [UInt8], _ random: inout some RandomNumberGenerator) {
        for _ in 0..<Int.random(in: 0...2, using: &random) { text.append([0x20, 0x09, 0x0A, 0x0D].randomElement(using: &random) ?? 0x20) }
    }

    private static func write(_ scalars: [Unicode.Scalar], to text: inout [UInt8], _ random: inout some RandomNumberGenerator) {
        text.append(UInt8(ascii: "\""))
        for scalar in scalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            guard mustEscape || Int.random(in: 0..<4, using: &random) == 0 else {
                text += UTF8.encode(scalar).map { Array($0) } ?? []
                continue
            }
            if scalar == "\n", Bool.random(using: &random) {
                text += "\\n".utf8
            } else if scalar == "/" || scalar == "\"" || scalar == "\\", Bool.random(using: &random) {
                text += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
            } else {
                for unit in Array(String(scalar).utf16) {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                    text += "\\u".utf8
                    text += String(repeating: "0", count: 4 - digits.count).utf8
                    text += digits.utf8
                }
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    /// The same but for one value, somewhere; the type of that value may be another.
    func changed(_ random: inout some RandomNumberGenerator) -> JSONSample {
        switch self {
        case .array(var elements) where !elements.isEmpty && Int.random(in: 0..<3, using: &random) > 0:
            let index = Int.random(in: elements.indices, using: &random)
            elements[index] = elements[index].changed(&random)
            return .array(elements)
        case .object(var members) where !members.isEmpty && Int.random(in: 0..<3, using: &random) > 0:
            let index = Int.random(in: members.indices, using: &random)
            members[index].value = members[index].value.changed(&random)
            return .object(members)
        default:
            while true {
                let other = JSONSample.value(depth: 1, &random)
                if other != self { return other }
            }
        }
    }

    /// The same with a member of one object given twice, or nil where no object has one.
    func repeated(_ random: inout some RandomNumberGenerator) -> JSONSample? {
        switch self {
        case .array(var elements):
            for index in elements.indices.shuffled(using: &random) {
                if let inner = elements[index].repeated(&random) {
                    elements[index] = inner
                    return .array(elements)
                }
            }
            return nil
        case .object(var members):
            if Bool.random(using: &random) {
                for index in members.indices.shuffled(using: &random) {
                    if let inner = members[index].value.repeated(&random) {
                        members[index].value = inner
                        return .object(members)
                    }
                }
            }
            guard let member = members.randomElement(using: &random) else { return nil }
            members.append(Bool.random(using: &random) ? member : (member.name, .literal("null")))
            return .object(members)
        default: return nil
        }
    }
}
