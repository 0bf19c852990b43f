import JSON

/// Small JSON objects of texts and numbers.
enum DocumentText {
    static func object(_ members: [(String, String)]) -> [UInt8] {
        DocumentNode(.object(members.map { member($0.0, .string($0.1)) }), at: .start).json
    }

    static func counts(_ members: [(String, Int)]) -> [UInt8] {
        DocumentNode(.object(members.map { member($0.0, .number(DocumentNumber(text: "\($0.1)"))) }), at: .start).json
    }

    static func member(_ name: String, _ value: DocumentNode.Value) -> DocumentMember {
        DocumentMember(name: name, position: .start, value: DocumentNode(value, at: .start))
    }
}
