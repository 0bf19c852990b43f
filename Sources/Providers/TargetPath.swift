import Bytes

/// The path of an origin-form request target, read without changing it.
enum TargetPath {
    /// `target` up to its query.
    static func path(of target: ByteSlice) -> ByteSlice {
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return target }
        return target.prefix(mark)
    }

    /// What follows `/v1` or Portkey's older `/v1/proxy`; nil when the path is not below either.
    ///
    /// The prefix is taken literally: `/V1` and `/%761` are no paths of ours.
    static func afterVersion(_ path: ByteSlice) -> ByteSlice? {
        guard let rest = after("/v1", in: path) else { return nil }
        return after("/proxy", in: rest) ?? rest
    }

    /// What follows `prefix`, when a segment ends with it.
    static func after(_ prefix: StaticString, in path: ByteSlice) -> ByteSlice? {
        guard path.hasPrefix(prefix) else { return nil }
        let rest = path.dropFirst(prefix.utf8CodeUnitCount)
        return rest.isEmpty || rest[0] == UInt8(ascii: "/") ? rest : nil
    }

    /// Whether every host reads the path alike: no dot segment, no empty segment but a last one, no
    /// backslash, path parameter, fragment or control, plain or percent-encoded.
    static func isUnambiguous(_ path: ByteSlice) -> Bool {
        var segmentCount = 0
        var dotCount = 0
        var offset = 0
        while offset < path.count {
            let (byte, width) = PercentText.byte(of: path, at: offset)
            offset += width
            switch byte {
            case UInt8(ascii: "/"):
                let isFirst = offset == width
                if !isFirst, segmentCount == 0 || isDotSegment(segmentCount, dotCount) { return false }
                segmentCount = 0
                dotCount = 0
                continue
            case UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: ";"), 0x7F: return false
            case ..<0x20: return false
            case UInt8(ascii: "."): dotCount += 1
            default: break
            }
            segmentCount += 1
        }
        return !isDotSegment(segmentCount, dotCount)
    }

    private static func isDotSegment(_ count: Int, _ dots: Int) -> Bool {
        count == dots && (count == 1 || count == 2)
    }

    /// `path` decoded, in lower case, without one last slash. A longer one is cut off: every name
    /// that is compared whole is shorter, so a cut path equals none of them.
    static func folded(_ path: ByteSlice) -> PathText {
        var text = PathText()
        var offset = 0
        while offset < path.count {
            let (byte, width) = PercentText.byte(of: path, at: offset)
            offset += width
            if byte == UInt8(ascii: "/"), offset == path.count { break }
            text.append(ASCII.lowercased(byte))
        }
        return text
    }
}
