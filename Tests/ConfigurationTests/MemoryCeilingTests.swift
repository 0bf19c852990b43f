import Testing

@testable import Configuration

@Suite("Memory ceiling")
struct MemoryCeilingTests {
    private static let mib: Int64 = 1 << 20

    private func ceiling(_ groups: String, _ files: [String: String]) -> MemoryCeiling {
        MemoryCeiling(groups: groups, physicalByteCount: 16_384 * Self.mib) { files[$0] }
    }

    @Test("the tightest group above the process is the ceiling, in either version", arguments: [
        ("0::/system.slice/sluice.service\n", ["/sys/fs/cgroup/system.slice/sluice.service/memory.max": "268435456\n"]),
        ("0::/system.slice/sluice.service\n", ["/sys/fs/cgroup/system.slice/sluice.service/memory.max": "max\n", "/sys/fs/cgroup/system.slice/memory.max": "268435456\n"]),
        ("0::/\n", ["/sys/fs/cgroup/memory.max": "268435456\n"]),
        ("4:memory:/docker/0123\n0::/\n", ["/sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n"]),
        ("7:cpu,memory:/a\n", ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "268435456\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"]),
        ("0::/a\n", ["/sys/fs/cgroup/unified/a/memory.max": "268435456\n"]),
    ])
    func tightest(groups: String, files: [String: String]) {
        #expect(ceiling(groups, files).byteCount == 256 * Self.mib)
        #expect(ceiling(groups, files).bufferByteCount == 128 << 20)
        #expect(ceiling(groups, files).cacheByteCount == 32 << 20)
    }

    @Test("without a limit, or with text that is none, the machine's memory is", arguments: ["max", "", "-1", "0", "twelve", "1 2"])
    func none(text: String) {
        let found = ceiling("0::/a\n4:memory:/a\nnonsense\n:\n", ["/sys/fs/cgroup/a/memory.max": text, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": text])
        #expect(found.byteCount == 16_384 * Self.mib)
        #expect(found.bufferByteCount == 1 << 30)
        #expect(found.cacheByteCount == 256 << 20)
    }

    @Test("however little there is, a bound is never below what the file may set")
    func least() {
        let found = ceiling("0::/\n", ["/sys/fs/cgroup/memory.max": "1"])
        #expect(found.bufferByteCount == 16 << 20)
        #expect(found.cacheByteCount == 1 << 20)
    }
}
