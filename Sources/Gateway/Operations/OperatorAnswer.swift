import Bytes
import HTTP
import Providers
import Reactor

extension Exchange {
    /// Answers what only operators may ask: handed to `Operations` once, and answered when its message comes.
    func answerOperator(_ client: Client) throws(Rejection) -> Next {
        if let answer = operatorAnswer.take() {
            send(answer.status, answer.contentType, answer.content, client)
            return .step(.settle)
        }
        if isAskingOperations { return .wait }
        try checkOperator(client)
        guard let operations = worker.operations else { throw Rejection(.notFound) }
        let message = client.unread
        let question: Operations.Question
        switch (endpoint, request.method) {
        case (.operatorReload, .post): question = .reload
        case (.operatorTargets, .get), (.operatorTargets, .head): question = .targets
        case (.metrics, .get), (.metrics, .head): question = .metrics
        case (.operatorCache, .get), (.operatorCache, .head): question = .cache
        case (.operatorCache, .delete): question = .purge(try CachePurgeQuery(query: String(message[request.targetRange])))
        default:
            let methods = endpoint == .operatorReload ? "POST" : endpoint == .operatorCache ? "GET and DELETE" : "GET"
            throw Rejection(.methodNotAllowed, "\(String(request.path(in: message))) takes \(methods)")
        }
        isAskingOperations = true
        let token = client.token
        let mailbox = worker.mailbox
        let number = identifier
        guard operations.ask(question, answer: { mailbox.send(.operatorAnswer(token, number, $0)) }) else { throw Rejection(.overloaded) }
        client.setDeadline(worker.now.adding(nanoseconds: GatewayLimits.operatorNanoseconds))
        return .wait
    }

    /// Until there are keys for operators, they are whoever can reach this machine's own sockets, and no web page.
    private func checkOperator(_ client: Client) throws(Rejection) {
        guard isOperator(client) else {
            throw Rejection(.forbidden, "operators ask on a loopback address or a Unix socket of this machine")
        }
    }

    func isOperator(_ client: Client) -> Bool {
        let message = client.unread
        guard isLocal(client), let host = request.hostRange, LoopbackHost.names(message[host]) else { return false }
        return !isPage
    }

    /// The answer to what was handed over, if it still is this request's.
    func operationsAnswered(_ number: InlineText<36>, _ answer: Operations.Answer) {
        guard isAskingOperations, isNamed(number) else { return }
        operatorAnswer = answer
        advance()
    }
}
