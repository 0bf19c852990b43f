import Bytes
import Cache
import Glibc

extension CacheTags {
    static let none = CacheTags(tenant: 0, namespace: 0, model: 0)
}

extension CacheBlob {
    static func text(_ text: String) -> CacheBlob? { Array(text.utf8).withByteSlice { CacheBlob($0) } }

    static func filled(_ byteCount: Int, with byte: UInt8 = 0x78) -> CacheBlob? {
        CacheBlob(byteCount: byteCount) { $0.update(repeating: byte, count: byteCount) }
    }
}

extension CacheHit {
    var text: String { String(bytes) }
}

/// The seed of this run, `SLUICE_SEED` or a new one; printed, to be given again.
func freshSeed(_ what: String) -> UInt64 {
    let given = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 1...UInt64(UInt32.max))
    print("\(what): SLUICE_SEED=\(seed)")
    return seed
}
