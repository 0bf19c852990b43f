/// Every bound of this module: number, unit, reason.
public enum TemplateLimits {
    /// Bytes of one template's text. Prompts that people write have some thousand; one with long examples a tenth of this.
    public static let textByteCount = 256 << 10

    /// Tags and the texts between them in one template (20 bytes each).
    public static let nodeCount = 1 << 14

    /// Bytes of a name in a tag.
    public static let nameByteCount = 256

    /// Sections inside sections of one template. People have three or four.
    public static let sectionDepth = 32

    /// Partials inside partials: one that includes itself ends here at the latest.
    public static let partialDepth = 16

    /// Sections and partials open at one place of a rendering, those of all partials on the way to it together (112 bytes each).
    public static let frameCount = 128

    /// Blanks before a partial that stands alone on its line: each of its lines gets them.
    public static let indentationByteCount = 64

    /// Bytes of a delimiter that takes the place of `{{`.
    public static let delimiterByteCount = 16

    /// What one rendering may do: a tag or a text is a step, so is a round of a section, a name that is looked up and each member
    /// of an object on the way to it. A few milliseconds' worth, in which a list of 10,000 objects is written out.
    public static let stepCount = 1 << 19

    /// Steps that a partial takes beside its tag's own: it is looked for in a table.
    static let partialSteps = 15
}
