/// Bounds of gzip.
enum CompressionLimits {
    /// Bytes that are unpacked at a time: a body that is too long is noticed within as many.
    static let stepByteCount = 64 << 10

    /// Bytes that are handed to zlib at a time, which counts in 32 bits.
    static let inputByteCount = 1 << 30
}
