import Bytes
import Testing

@testable import Books

/// What was written once must be read for ever: journals outlive the programs that wrote them.
@Suite("Records of earlier programs")
struct OldRecordTests {
    /// One as it lies in a journal, each of its texts the name of its field.
    private static let written = """
        0101935c5e7a1b7c3d9e4f0123456789ab2680f09591b0b2ecbd1881c698830382b19164838bd66dacc002f70302810903019c03fba20495eb13050406f807f907fa07fb07fc
        07fd07fe07ff07188108820884088508860887088808200201e3a8a504a4a4e8038d080105747261636502047370616e030a706172656e745370616e04087370616e4e616d65050c
        6f7267616e69736174696f6e0609776f726b737061636507036b657908076b65794e616d65090b63657274696669636174650a0a7669727475616c4b65790b086d6574616461
        74610c04757365720d06636f6e6669670e08656e64706f696e740f066d6574686f64100470617468110870726f766964657212056d6f64656c13067365727665641406746172
        6765741508617474656d70747316097072696365426f6f6b17056572726f72180c66696e697368526561736f6e1904706565721a056167656e741b0670726f6d70741c087072
        6f6d707449441d046b696e641e0b73657276696365546965721f066c696d697473200a67756172647261696c73210c636f6e666967446967657374220e676174657761795665
        7273696f6e230373646b
        """

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private func record() throws -> RequestRecord { try Self.bytes(Self.written).withByteSlice { try RequestRecord($0) } }

    @Test("a number means what it meant when it was written")
    func numbers() throws {
        let figures = try record().figures
        #expect(figures.identifier.description == "01935c5e-7a1b-7c3d-9e4f-0123456789ab")
        #expect(figures.wallNanoseconds == 1_764_198_924_000_000_000)
        #expect(figures.totalNanoseconds == 812_000_001)
        #expect(figures.firstByteNanoseconds == 210_000_002)
        #expect(figures.firstTokenNanoseconds == 230_000_003)
        #expect(figures.gatewayNanoseconds == 41_004)
        #expect(figures.status == 503)
        #expect(figures.attempts == 2)
        #expect(figures.flags == [.stream, .counted, .lostEstimated])
        #expect(figures.blame == .upstream)
        #expect(figures.cache == .miss)
        #expect(figures.receivedByteCount == 412)
        #expect(figures.sentByteCount == 70_011)
        #expect(figures.cost == 325_012)
        #expect(figures.saved == 4)
        #expect(figures.savedInputTokens == 3)
        #expect(figures.savedOutputTokens == 5)
        #expect(figures.usage.input == 1016)
        #expect(figures.usage.cachedRead == 1017)
        #expect(figures.usage.cacheWrite5m == 1018)
        #expect(figures.usage.cacheWrite1h == 1019)
        #expect(figures.usage.audioInput == 1020)
        #expect(figures.usage.output == 1021)
        #expect(figures.usage.reasoning == 1022)
        #expect(figures.usage.audioOutput == 1023)
        #expect(figures.promptVersion == 24)
        #expect(figures.lostInputTokens == 1025)
        #expect(figures.lostOutputTokens == 1026)
        #expect(figures.lostCost == 1027)
        #expect(figures.usage.audioCached == 1029)
        #expect(figures.usage.imageInput == 1030)
        #expect(figures.usage.imageCached == 1031)
        #expect(figures.usage.imageOutput == 1032)
        #expect(figures.configVersion == 32)
        #expect(figures.reason == .fallback)
        #expect(figures.mode == .fallback)
        #expect(figures.queueNanoseconds == 9_000_035)
        #expect(figures.connectNanoseconds == 8_000_036)
        #expect(figures.usage.webSearches == 1037)
    }

    @Test("a text is of the field that it was of when it was written")
    func texts() throws {
        let texts = Mirror(reflecting: try record()).children.compactMap { child in (child.value as? String).map { (child.label ?? "", $0) } }
        #expect(texts.count == 35)
        for (name, text) in texts { #expect(name == text) }
    }

    @Test("flags and words have the numbers that they had")
    func words() {
        let flags: [RecordFlags] = [
            .stream, .aborted, .hedged, .estimated, .unpriced, .ownTrace, .metadataLeftOut, .counted, .reported, .observation, .lostEstimated, .triedOnce,
            .searchesUnpriced,
        ]
        #expect(flags.map(\.rawValue) == (0..<13).map { 1 << $0 })
        let caches: [RecordedCache] = [.disabled, .miss, .semanticMiss, .refresh, .hit]
        let modes: [RecordedMode] = [.single, .fallback, .loadbalance, .conditional]
        let blames: [RecordedBlame] = [.none, .client, .policy, .upstream, .gateway]
        let reasons: [RecordedReason] = [
            .only, .first, .fallback, .weighted, .roundRobin, .leastBusy, .leastLatency, .sticky, .prefixAffinity, .condition, .otherwise, .leastBad,
        ]
        #expect(caches.map(\.rawValue) == Array(0..<5))
        #expect(modes.map(\.rawValue) == Array(0..<4))
        #expect(blames.map(\.rawValue) == Array(0..<5))
        #expect(reasons.map(\.rawValue) == Array(0..<12))
    }
}
