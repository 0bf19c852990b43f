import Bytes
import HTTP
import Providers

/// For whom an address is.
public enum ListenerRole: Sendable {
    case all
    /// Who asks models, and what callers tell: the admin API is elsewhere.
    case models
    /// Administrators and operators alone.
    case admin
}

extension Exchange {
    /// What is asked at an address that is for others is not there.
    func checkAddress(_ client: Client) throws(Rejection) {
        switch client.serves {
        case .all: return
        case .models:
            guard endpoint == .admin, let office = worker.backOffice else { return }
            let message = client.unread
            guard office.place(message[request.methodRange], request.path(in: message))?.isForCallers != true else { return }
            throw Rejection(.notFound, "the admin API is at another address of this gateway")
        case .admin:
            // What the gateway answers itself.
            guard endpoint.body != .ignored else { return }
            throw Rejection(.notFound, "this address serves the admin API alone; models are at another")
        }
    }
}
