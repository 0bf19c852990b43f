import Bytes
import Guardrails
import Providers
import Testing

@testable import Gateway

@Suite("Request types")
struct RequestTypeTests {
    @Test("a request is called what the reference calls it", arguments: [
        ("POST", "/v1/chat/completions", RequestType.chatComplete), ("POST", "/v1/completions", .complete), ("POST", "/v1/embeddings", .embed),
        ("POST", "/v1/messages", .messages), ("POST", "/v1/messages/count_tokens", .messagesCountTokens), ("POST", "/v1/responses", .createModelResponse),
        ("GET", "/v1/responses/r_1", .getModelResponse), ("DELETE", "/v1/responses/r_1", .deleteModelResponse),
        ("GET", "/v1/responses/r_1/input_items", .listResponseInputItems),
        ("POST", "/v1/images/generations", .imageGenerate), ("POST", "/v1/images/edits", .imageEdit), ("POST", "/v1/audio/speech", .createSpeech),
        ("POST", "/v1/audio/transcriptions", .createTranscription), ("POST", "/v1/audio/translations", .createTranslation),
        ("POST", "/v1/files", .uploadFile), ("GET", "/v1/files", .listFiles), ("GET", "/v1/files/f", .retrieveFile), ("DELETE", "/v1/files/f", .deleteFile),
        ("GET", "/v1/files/f/content", .retrieveFileContent), ("POST", "/v1/batches", .createBatch), ("GET", "/v1/batches", .listBatches),
        ("GET", "/v1/batches/b", .retrieveBatch), ("POST", "/v1/batches/b/cancel", .cancelBatch), ("GET", "/v1/batches/b/output", .getBatchOutput),
        ("POST", "/v1/fine_tuning/jobs", .createFinetune), ("GET", "/v1/fine_tuning/jobs", .listFinetunes), ("GET", "/v1/fine_tuning/jobs/j", .retrieveFinetune),
        ("POST", "/v1/fine_tuning/jobs/j/cancel", .cancelFinetune), ("GET", "/v1/realtime", .realtime),
        ("POST", "/v1/rerank", .proxy), ("POST", "/v1/anything", .proxy), ("GET", "/v1/models", .proxy),
    ])
    func names(method: String, path: String, expected: RequestType) {
        let type = Array(method.utf8).withByteSlice { method in
            Array(path.utf8).withByteSlice { path in Endpoint.classify(method: method, target: path).requestType(method: method, path: path) }
        }
        #expect(type == expected)
    }

    @Test("an answer that was generated earlier is known under every spelling of its path", arguments: [
        ("GET", "/v1/responses/r_1", true), ("GET", "/v1/Respon%73es/r_1", true), ("POST", "/v1/responses/r_1/cancel", true),
        ("GET", "/v1/chat/completions", true), ("GET", "/v1/chat/completions/c", true), ("DELETE", "/v1/responses/r_1", false),
        ("POST", "/v1/responses", false), ("POST", "/v1/chat/completions", false), ("GET", "/v1/models", false), ("GET", "/v1/responsesx", false),
    ])
    func stored(method: String, path: String, expected: Bool) {
        let isStored = Array(method.utf8).withByteSlice { method in
            Array(path.utf8).withByteSlice { path in Endpoint.classify(method: method, target: path).fetchesStored(method: method, path: path) }
        }
        #expect(isStored == expected)
    }
}
