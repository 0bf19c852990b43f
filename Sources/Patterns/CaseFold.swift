/// Which letters are the same but for case.
///
/// - Source: ECMA-262 §22.2.2.7.3 (Canonicalize, without the `u` flag): two are the same when their capitals are, where a
///   capital is one letter, and ASCII stays among itself.
enum CaseFold {
    /// Sets of two letters and more. Made at first use, in some milliseconds; never changed.
    static let groups: [[UInt32]] = {
        var members: [UInt32: [UInt32]] = [:]
        // Past the last letters with case, those of Adlam, nothing folds.
        for scalar in UInt32(0)...0x1E943 {
            let capital = capital(of: scalar)
            guard capital != scalar else { continue }
            members[capital, default: [capital]].append(scalar)
        }
        return members.values.sorted { $0[0] < $1[0] }
    }()

    /// By member, the place of its set.
    private static let places: [UInt32: Int] = {
        var places: [UInt32: Int] = [:]
        for (place, group) in groups.enumerated() {
            for scalar in group { places[scalar] = place }
        }
        return places
    }()

    /// `scalar` and the letters it is the same as.
    static func same(as scalar: UInt32) -> [UInt32] { places[scalar].map { groups[$0] } ?? [] }

    private static func capital(of scalar: UInt32) -> UInt32 {
        guard let character = Unicode.Scalar(scalar), character.properties.changesWhenUppercased else { return scalar }
        let mapping = character.properties.uppercaseMapping.unicodeScalars
        guard mapping.count == 1, let capital = mapping.first?.value, scalar < 0x80 || capital >= 0x80 else { return scalar }
        return capital
    }
}
