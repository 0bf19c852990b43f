public import Bytes

/// Templates that others include by name.
public protocol TemplatePartials {
    /// The partial called `name`, which its table keeps until the rendering is over; nil for none, and nothing is written for it.
    ///
    /// - Parameter variable: the name of the variable that named it; nil where the template did.
    mutating func template(named name: ByteSlice, through variable: ByteSlice?) -> Template?
}

/// No partials: what is included is empty.
public struct NoPartials: TemplatePartials {
    public init() {}

    public func template(named name: ByteSlice, through variable: ByteSlice?) -> Template? { nil }
}
