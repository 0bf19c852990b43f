public import Patterns

/// The working memory of one worker's checks.
public final class Workbench {
    public var texts = CheckedTexts()
    /// For whoever else matches patterns on this worker, too.
    public var scratch = PatternScratch()
    /// The results of the hook under way.
    var checks: [UInt8] = []

    public init() {}
}
