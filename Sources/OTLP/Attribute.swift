/// What an attribute says.
public enum AttributeValue: Equatable, Sendable {
    case text(String)
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case list([AttributeValue])
    case map([Attribute])
    /// Nothing, or bytes, of which nothing is read.
    case nothing
}

public struct Attribute: Equatable, Sendable {
    public var name: String
    public var value: AttributeValue

    public init(_ name: String, _ value: AttributeValue) {
        self.name = name
        self.value = value
    }
}

/// Attributes by name; of two with one name the last counts.
public struct Attributes: Equatable, Sendable {
    public private(set) var list: [Attribute] = []
    private var places: [String: Int] = [:]

    public init(_ list: [Attribute] = []) { for attribute in list { add(attribute) } }

    /// - Returns: false where there are `most` already, and it is passed over.
    @discardableResult
    mutating func add(_ attribute: Attribute, atMost most: Int = OTLPLimits.attributeCount) -> Bool {
        if let place = places[attribute.name] {
            list[place].value = attribute.value
        } else if list.count < most {
            places[attribute.name] = list.count
            list.append(attribute)
        } else {
            return false
        }
        return true
    }

    public subscript(_ name: String) -> AttributeValue? { places[name].map { list[$0].value } }
}

/// How much is kept of an attribute's value.
struct AttributeRoom {
    let textByteCount: Int
    let elementCount: Int
    /// Nil where nothing is.
    private let values: ValueRoom?

    /// Of a name, a figure or metadata.
    static var word: AttributeRoom {
        AttributeRoom(textByteCount: OTLPLimits.textByteCount, elementCount: OTLPLimits.elementCount, values: ValueRoom(OTLPLimits.valueCount))
    }

    /// Of what was asked or answered.
    ///
    /// - Parameter values: that all of a body have.
    static func content(_ values: ValueRoom) -> AttributeRoom {
        AttributeRoom(textByteCount: OTLPLimits.contentByteCount, elementCount: OTLPLimits.contentElementCount, values: values)
    }

    /// Of what is read past.
    static var none: AttributeRoom { AttributeRoom(textByteCount: 0, elementCount: 0, values: nil) }

    /// Whether a list or a map that has `count` elements keeps one more.
    func keepsElement(beside count: Int) -> Bool {
        guard count < elementCount else {
            values?.leaveOut()
            return false
        }
        return values?.take() ?? false
    }
}

extension AttributeValue {
    /// A text that says something, or a number or a truth value in writing.
    public var text: String? {
        switch self {
        case .text(let text): text.isEmpty ? nil : text
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .list, .map, .nothing: nil
        }
    }

    /// A whole number, also as a text or written with a point.
    public var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .number(let number): Int64(exactly: number.rounded())
        case .text(let text): Int64(text)
        case .flag, .list, .map, .nothing: nil
        }
    }

    public var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .text(let text): Double(text)
        case .flag, .list, .map, .nothing: nil
        }
    }

    public var flag: Bool? {
        switch self {
        case .flag(let flag): flag
        case .text(let text): text.lowercased() == "true" ? true : text.lowercased() == "false" ? false : nil
        case .integer, .number, .list, .map, .nothing: nil
        }
    }
}
