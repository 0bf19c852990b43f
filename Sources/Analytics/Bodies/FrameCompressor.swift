import CZstd

/// Makes frames of Zstandard, one after the other, in memory that it keeps between them: up to some megabytes, as its longest need.
struct FrameCompressor: ~Copyable {
    /// Nil where there was no memory for it.
    private let context: UnsafeMutableRawPointer?

    init() { context = zstd_compressor_new(AnalyticsLimits.zstdLevel) }

    deinit { zstd_compressor_free(context) }

    /// A whole frame, with a checksum; nil where there is no memory for it.
    mutating func frame(of bytes: [UInt8]) -> [UInt8]? {
        guard let context else { return nil }
        let bound = zstd_bound(bytes.count)
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            count = zstd_compress(context, bytes, bytes.count, room.baseAddress, bound)
        }
        return frame.isEmpty ? nil : frame
    }
}
