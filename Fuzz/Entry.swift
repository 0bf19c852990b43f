import Bytes

// What libFuzzer calls. `Fuzz/run` compiles this file beside a test folder's fuzz functions and
// defines which of them is meant.

/// One input; a broken invariant traps, which libFuzzer keeps as a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = ByteSlice(bytes, count: count)
    #if requestHead
        fuzzRequestHead(input)
    #elseif responseHead
        fuzzResponseHead(input)
    #elseif chunked
        fuzzChunked(input)
    #elseif eventStream
        fuzzEventStream(input)
    #elseif amazonEventStream
        fuzzAmazonEventStream(input)
    #elseif http2
        fuzzHTTP2(input)
    #elseif http2client
        fuzzHTTP2Client(input)
    #elseif scan
        fuzzScan(input)
    #elseif splice
        fuzzSplice(input)
    #elseif capture
        fuzzCapture(input)
    #elseif tape
        fuzzTape(input)
    #elseif template
        fuzzTemplate(input)
    #elseif config
        PolicyFuzz.fuzzConfiguration(input)
    #elseif cacheKey
        fuzzCacheKey(input)
    #elseif pattern
        PatternFuzz.fuzzPattern(input)
    #elseif guardrails
        GuardrailsFuzz.fuzzGuardrails(input)
    #elseif usage
        fuzzUsage(input)
    #elseif openAI
        fuzzOpenAI(input)
    #elseif anthropic
        fuzzAnthropic(input)
    #elseif gemini
        fuzzGemini(input)
    #elseif bedrock
        fuzzBedrock(input)
    #elseif batches
        fuzzBatches(input)
    #elseif otlp
        fuzzOTLP(input)
    #endif
    return 0
}
