import Books
import CZstd
import Ledger

/// One exchange's bodies, compressed.
struct BodyEntry: Sendable {
    let id: Identifier
    /// In which its request began, since 1970.
    let hour: Int
    /// Of what the frame stands for.
    let byteCount: Int
    let frame: [UInt8]

    init(id: Identifier, hour: Int, byteCount: Int, frame: [UInt8]) {
        self.id = id
        self.hour = hour
        self.byteCount = byteCount
        self.frame = frame
    }

    /// - Parameter hour: that of the id, where it is not given.
    /// - Returns: nil where there is no memory for it.
    init?(_ bodies: KeptBodies, of id: Identifier, hour: Int? = nil, by compressor: inout FrameCompressor) {
        let bytes = bodies.bytes
        guard let frame = compressor.frame(of: bytes) else { return nil }
        self.init(id: id, hour: hour ?? BodyFiles.hour(of: id), byteCount: bytes.count, frame: frame)
    }

    /// What a frame stands for; nil for what is none, or damaged.
    static func bodies(of frame: [UInt8], byteCount: Int) -> KeptBodies? {
        guard (0...AnalyticsLimits.bodiesByteCount).contains(byteCount) else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { room, count in
            let written = zstd_decompress(frame, frame.count, room.baseAddress, byteCount)
            count = written == byteCount ? written : 0
        }
        return KeptBodies(bytes)
    }
}
