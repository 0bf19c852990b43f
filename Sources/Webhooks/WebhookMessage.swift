public import Ledger

/// What a webhook is told: JSON, and the identifier by which a receiver knows one that it has had already.
public struct WebhookMessage: Sendable {
    public let id: Identifier
    public let body: [UInt8]

    public init(id: Identifier, body: [UInt8]) {
        self.id = id
        self.body = body
    }

    /// When it was made, in milliseconds since 1970: an identifier begins with that.
    var madeAt: UInt64 { id.high >> 16 }

    /// Whether it is too late to deliver it. One from the future, by a clock that was set back, is none too old.
    func isOver(wallMilliseconds: UInt64) -> Bool { wallMilliseconds > madeAt && wallMilliseconds - madeAt >= WebhookLimits.lifeMilliseconds }
}
