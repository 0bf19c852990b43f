import Bytes

/// A model's name as one segment of a path.
enum ModelSegment {
    /// Whether the name can be one: not empty, no longer than names are, without a control, and without a dot segment, which hosts that
    /// decode before they route would resolve.
    static func isOne(_ model: ByteSlice, byteCount: Int) -> Bool {
        guard !model.isEmpty, model.count <= byteCount else { return false }
        var dots = 0
        var others = 0
        for index in 0...model.count {
            let byte = index < model.count ? model[index] : UInt8(ascii: "/")
            switch byte {
            case ..<0x20, 0x7F: return false
            case UInt8(ascii: "/"), UInt8(ascii: "\\"):
                if others == 0, dots == 1 || dots == 2 { return false }
                dots = 0
                others = 0
            case UInt8(ascii: "."): dots += 1
            default: others += 1
            }
        }
        return true
    }
}
