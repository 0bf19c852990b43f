import CNghttp2

/// Header blocks as a client reads them.
enum Fields {
    /// The fields of a whole block that uses nothing of earlier ones.
    static func decode(_ block: [UInt8]) -> [String] {
        var inflater: OpaquePointer?
        guard nghttp2_hd_inflate_new(&inflater) == 0 else { return [] }
        defer { nghttp2_hd_inflate_del(inflater) }
        var fields: [String] = []
        var at = 0
        while true {
            var field = nghttp2_nv()
            var flags: CInt = 0
            let count = block.withUnsafeBufferPointer { nghttp2_hd_inflate_hd2(inflater, &field, &flags, $0.baseAddress.map { $0 + at }, block.count - at, 1) }
            guard count >= 0 else { return fields + ["fault \(count)"] }
            at += count
            if flags & CInt(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 { fields.append("\(text(field.name, field.namelen)): \(text(field.value, field.valuelen))") }
            if flags & CInt(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 || (count == 0 && at == block.count) { return fields }
        }
    }

    private static func text(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
