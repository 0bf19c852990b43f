/// What others have told of, and no worker has seen.
extension KeptBodies {
    /// Leaves out what is not kept of it: secrets of its heads, and of bodies what is longer than `most`.
    public mutating func leaveOut(by redaction: FieldRedaction, most: Int) {
        request?.leaveOut(by: redaction) { redaction.requestLine($0) }
        request?.cut(to: most, .requestCut, &flags)
        answer?.leaveOut(by: redaction) { $0 }
        answer?.cut(to: most, .answerCut, &flags)
    }

    /// What it takes in memory, about.
    public var byteCount: Int {
        [request, sent, answer].reduce(MemoryLayout<KeptBodies>.stride) { sum, message in
            guard let message else { return sum }
            let fields = message.fields.reduce(0) { $0 + MemoryLayout<KeptMessage.Field>.stride + $1.name.utf8.count + $1.value.utf8.count }
            return sum + message.line.utf8.count + message.body.count + fields
        }
    }
}

extension KeptMessage {
    /// - Parameter flag: says that there was more.
    mutating func cut(to most: Int, _ flag: BodyFlags, _ flags: inout BodyFlags) {
        guard body.count > most else { return }
        flags.insert(flag)
        // Not within the room of the whole.
        body = Array(body[..<most])
    }

    /// Fields with names that no field has are left out: a head is kept in lines, and what would end one is a blank.
    fileprivate mutating func leaveOut(by redaction: FieldRedaction, ofLine redacted: (String) -> String) {
        line = redacted(KeptMessage.oneLine(line))
        fields = fields.filter { KeptMessage.isName($0.name) }.map { Field(name: $0.name, value: redaction.value(KeptMessage.oneLine($0.value), of: $0.name)) }
    }

    /// By its scalars: for characters, a carriage return and the line feed behind it are one.
    private static func oneLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        line.append(contentsOf: text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 })
        return String(line)
    }

    /// - Source: RFC 9110 §5.6.2
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
    }
}
