import Glibc

/// `cache-stress SECONDS SEED`: the stress of the response cache's tests, for as long as is wanted. `perf/cache-stress` compiles it.
@main
struct CacheStress {
    static func main() {
        let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        guard numbers.count == 2, let stress = StoreStress(seed: numbers[1]) else {
            print("usage: cache-stress SECONDS SEED")
            exit(64)
        }
        print("seed \(numbers[1])")
        stress.run(seconds: Int(numbers[0]), isLoud: true)
        guard stress.found.first == nil else { exit(1) }
        print("\(numbers[0]) s, nothing wrong")
    }
}
