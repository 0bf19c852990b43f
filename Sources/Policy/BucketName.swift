import Bytes

/// The shapes of names in object stores, which end up in paths of requests to them.
/// - Source: Amazon S3 User Guide, "Bucket naming rules", "Naming Amazon S3 objects"; cloud.google.com/storage/docs/buckets#naming, …/objects#naming
public enum BucketName {
    /// A bucket's. It may be any of S3's or of Cloud Storage's, and is one segment of a path.
    public static func isBucket(_ name: some Collection<UInt8>) -> Bool {
        guard (3...PolicyLimits.bucketByteCount).contains(name.count) else { return false }
        var last = UInt8(ascii: ".")
        for byte in name {
            let isMark = byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            guard isMark || ASCII.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) else { return false }
            if byte == UInt8(ascii: "."), last == byte { return false }
            last = byte
        }
        return last != UInt8(ascii: ".") && last != UInt8(ascii: "-")
    }

    /// An object's: segments divided by `/`, none of them empty or a dot segment, which hosts that clean paths would resolve. No controls, and no
    /// `*`, which batches of Vertex AI's take for any other text.
    public static func isKey(_ key: some Collection<UInt8>) -> Bool {
        guard (1...PolicyLimits.objectKeyByteCount).contains(key.count) else { return false }
        var segmentCount = 0
        var dotCount = 0
        for byte in key {
            if byte == UInt8(ascii: "/") {
                if segmentCount == 0 || segmentCount == dotCount && dotCount < 3 { return false }
                (segmentCount, dotCount) = (0, 0)
                continue
            }
            guard byte > 0x1F, byte != 0x7F, byte != UInt8(ascii: "\\"), byte != UInt8(ascii: "*") else { return false }
            segmentCount += 1
            if byte == UInt8(ascii: ".") { dotCount += 1 }
        }
        return segmentCount > 0 && !(segmentCount == dotCount && dotCount < 3)
    }

    /// What S3 may be told to encrypt an object with.
    public static let encryptions = ["AES256", "aws:kms", "aws:kms:dsse"]
}
