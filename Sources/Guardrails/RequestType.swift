/// What requests are called in `allowedRequestTypes`.
/// - Source: the wire reference §0
public enum RequestType: String, CaseIterable, Sendable {
    case chatComplete, complete, embed, messages, messagesCountTokens, createModelResponse
    case imageGenerate, imageEdit, createSpeech, createTranscription, createTranslation, realtime
    case uploadFile, listFiles, retrieveFile, deleteFile, retrieveFileContent
    case createBatch, retrieveBatch, cancelBatch, listBatches, getBatchOutput
    case createFinetune, retrieveFinetune, listFinetunes, cancelFinetune
    case getModelResponse, deleteModelResponse, listResponseInputItems
    /// Whatever is passed on as it is.
    case proxy

    public static let names = allCases.map(\.rawValue)
}
