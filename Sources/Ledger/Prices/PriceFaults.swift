public import JSON

/// Why a text is no price book, or a file's prices were not taken over: every fault, up to a bound.
public struct PriceFaults: Error {
    public let diagnostics: [Diagnostic]
}
