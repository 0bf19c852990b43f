import Bytes
import Policy
import Providers

/// An object in a bucket: `s3://bucket/key`, `gs://bucket/key`. Percent-encoded whole, its address is the id of a file.
struct BucketObject: Equatable {
    /// Whose store it is in.
    enum Store: Equatable {
        case amazon, google

        var scheme: StaticString {
            switch self {
            case .amazon: "s3://"
            case .google: "gs://"
            }
        }
    }

    let store: Store
    let bucket: [UInt8]
    /// A folder's ends with a slash, or is empty.
    let key: [UInt8]

    init(_ store: Store, bucket: [UInt8], key: [UInt8]) {
        self.store = store
        self.bucket = bucket
        self.key = key
    }

    /// - Parameter address: decoded.
    /// - Returns: nil for what is no address of `store`, or could lead elsewhere.
    init?(_ store: Store, address: [UInt8], isFolder: Bool = false) {
        let scheme = "\(store.scheme)".utf8
        guard address.starts(with: scheme) else { return nil }
        let rest = address.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let key = rest[slash...].dropFirst()
        guard BucketName.isBucket(rest[..<slash]) else { return nil }
        if isFolder {
            guard key.isEmpty || key.last == UInt8(ascii: "/") && BucketName.isKey(key.dropLast()) || BucketName.isKey(key) else { return nil }
        } else {
            guard BucketName.isKey(key) else { return nil }
        }
        self.init(store, bucket: Array(rest[..<slash]), key: Array(key))
    }

    /// - Parameter id: a file's, as it is or percent-encoded, once or, as some SDKs send what is encoded already, twice.
    init?(_ store: Store, id: [UInt8]) {
        var address = id
        for _ in 0..<2 where !address.contains(UInt8(ascii: "/")) { address = address.withByteSlice { PercentText.decoded($0) } }
        self.init(store, address: address)
    }

    var address: [UInt8] { Array("\(store.scheme)".utf8) + bucket + [UInt8(ascii: "/")] + key }

    /// The folder it is in, with a slash at its end.
    var folder: BucketObject {
        BucketObject(store, bucket: bucket, key: key.lastIndex(of: UInt8(ascii: "/")).map { Array(key[...$0]) } ?? [])
    }

    /// Whether it holds the answers to a batch, which are said again in OpenAI's form.
    var holdsAnswers: Bool {
        switch store {
        case .amazon: key.count > 10 && key.suffix(10).elementsEqual(".jsonl.out".utf8)
        case .google: ["predictions.jsonl", "000000000000.jsonl"].contains { key.suffix($0.utf8.count).elementsEqual($0.utf8) }
        }
    }

    /// Writes its path, percent-encoded, but for the slashes between the key's segments.
    func writePath(to writer: inout ByteWriter) {
        writer.append("/")
        bucket.withByteSlice { writer.append(percentEncoded: $0) }
        for segment in key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            writer.append("/")
            Array(segment).withByteSlice { writer.append(percentEncoded: $0) }
        }
    }
}
