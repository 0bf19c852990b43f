/// Bounds of what a request's key is made from; a body past one of them is not cached.
enum CacheKeyLimits {
    /// Levels of nesting: as many as a body may have.
    static let depth = 512

    /// Members of one object: several times what the providers' APIs define.
    static let members = 1024

    /// Members of all objects that are open at once, 8 bytes each.
    static let openNames = 4096

    /// Bodies of which a worker remembers what they say, 48 bytes each: the questions that are asked again and again at any one time. A power of two.
    static let knownBodies = 256

    /// Words of the filter that finds names given twice: with the most members a name in four meets a bit that is set.
    static let filterWords = 64
}
