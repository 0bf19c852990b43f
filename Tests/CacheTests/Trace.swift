import Glibc

/// Requests in a row, each a number of an object.
struct Trace {
    let name: String
    let requests: [Int]

    /// Bytes of an object's answer: 300 to 4,900, the same each time.
    static func byteCount(of object: Int) -> Int {
        let bits = SplitMix.mix(UInt64(object) &+ 0x51CE)
        return 300 << Int(bits & 3) + Int(bits >> 8 & 0x3FF) * (1 << Int(bits & 3)) / 2
    }

    /// Independent draws of `objectCount` objects, the nth as likely as n to the power of -`exponent`.
    static func zipf(_ exponent: Double, objectCount: Int, count: Int, seed: UInt64) -> Trace {
        var draw = ZipfDraw(exponent, objectCount: objectCount, seed: seed)
        return Trace(name: "Zipf \(exponent)", requests: (0..<count).map { _ in draw.next() })
    }

    /// Zipf 0.9 in which, over and over, many objects are asked for once each and never again.
    static func scanned(objectCount: Int, count: Int, seed: UInt64) -> Trace {
        var draw = ZipfDraw(0.9, objectCount: objectCount, seed: seed)
        var fresh = objectCount
        let requests = (0..<count).map { index in
            // A scan of a fifth of the objects' number after each three fifths of other requests.
            guard index % (objectCount * 4 / 5) >= objectCount * 3 / 5 else { return draw.next() }
            fresh += 1
            return fresh
        }
        return Trace(name: "Zipf 0.9 with scans", requests: requests)
    }

    /// Zipf 0.9 whose objects change places: for each 25 requests the ranks move on by one.
    static func drifting(objectCount: Int, count: Int, seed: UInt64) -> Trace {
        var draw = ZipfDraw(0.9, objectCount: objectCount, seed: seed)
        let requests = (0..<count).map { index in (draw.next() + index / 25) % objectCount }
        return Trace(name: "Zipf 0.9, drifting", requests: requests)
    }
}

/// Draws ranks by the sum of their weights.
struct ZipfDraw {
    private let sums: [Double]
    private var random: SplitMix

    init(_ exponent: Double, objectCount: Int, seed: UInt64) {
        var sum = 0.0
        sums = (1...objectCount).map { rank in
            sum += pow(Double(rank), -exponent)
            return sum
        }
        random = SplitMix(seed: seed)
    }

    mutating func next() -> Int {
        let wanted = Double(random.next() >> 11) / Double(1 << 53) * (sums.last ?? 0)
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > wanted { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
