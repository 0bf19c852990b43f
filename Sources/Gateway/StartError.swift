/// Why the gateway could not start.
public struct StartError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
