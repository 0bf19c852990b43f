extension String {
    /// One character a byte, as the tables write bytes.
    init(latin1 bytes: [UInt8]) { self = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })) }

    /// The reverse; nil where a character is no byte.
    var latin1: [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in unicodeScalars {
            guard scalar.value < 256 else { return nil }
            bytes.append(UInt8(scalar.value))
        }
        return bytes
    }
}
