public import Bytes
import CZlib

/// Why bytes are not unpacked.
public enum GzipError: Error, Equatable, CustomStringConvertible {
    /// They are no gzip, or have been changed, from about this byte on.
    case broken(at: Int)
    /// They end within a member.
    case cut
    /// Unpacked they are longer than is read.
    case tooLong(limit: Int)
    case noMemory

    public var description: String {
        switch self {
        case .broken(let offset): "what was sent as gzip is none, or was changed on its way: byte \(offset) cannot be read"
        case .cut: "what was sent as gzip ends too soon"
        case .tooLong(let limit): "unpacked the body has more than \(limit) bytes; no more are read"
        case .noMemory: "there is no memory to unpack the body in"
        }
    }
}

/// Bytes packed with gzip.
/// - Source: RFC 1952: a file is one member or several, each with its own checksum
public enum Gzip {
    /// `bytes` as one member; nil where there is no memory for it, and for what is too long: more than `CompressionLimits.inputByteCount`.
    public static func packed(_ bytes: ByteSlice) -> [UInt8]? {
        guard bytes.count <= CompressionLimits.inputByteCount else { return nil }
        let bound = czlib_pack_bound(bytes.count)
        let packed = [UInt8](unsafeUninitializedCapacity: bound) { room, count in count = czlib_pack(bytes.base, bytes.count, room.baseAddress, bound) }
        return packed.isEmpty ? nil : packed
    }

    /// What `packed` holds. Never more than `limit` bytes and a step are in memory, however much they unpack to.
    public static func unpacked(_ packed: ByteSlice, atMost limit: Int) throws(GzipError) -> [UInt8] {
        guard let reader = czlib_reader_new() else { throw .noMemory }
        defer { czlib_reader_free(reader) }
        var whole: [UInt8] = []
        var step = [UInt8](repeating: 0, count: CompressionLimits.stepByteCount)
        var at = 0
        while true {
            let rest = packed.dropFirst(at)
            var (taken, given) = (0, 0)
            let outcome = step.withUnsafeMutableBufferPointer { room in
                czlib_read(reader, rest.base, min(rest.count, CompressionLimits.inputByteCount), room.baseAddress, room.count, &taken, &given)
            }
            at += taken
            guard outcome != CZLIB_BROKEN.rawValue else { throw .broken(at: at) }
            guard whole.count + given <= limit else { throw .tooLong(limit: limit) }
            whole += step.prefix(given)
            if outcome == CZLIB_END.rawValue {
                if at == packed.count { return whole }
                guard czlib_reader_restart(reader) == 0 else { throw .broken(at: at) }
            } else if taken == 0, given == 0 {
                throw .cut
            }
        }
    }
}
