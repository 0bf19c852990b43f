/// What Google documents of Gemini's requests, by the names of the REST API.
/// - Source: the Python SDK google-genai 3.6.1: the types that `models._GenerateContentParameters_to_mldev` and its kin send;
///   members that only Vertex AI knows are left out. ai.google.dev/api/generate-content
extension RequestRules {
    static let gemini = RequestRules(source: "google-genai 3.6.1", text: geminiText, isProtocolBuffers: true)

    private static let geminiText = """
        GenerateRequest: contents! [Content], model string, tools [Tool], toolConfig ToolConfig, safetySettings [SafetySetting], \
        systemInstruction Content, generationConfig GenerationConfig, cachedContent string, labels {string}, \
        serviceTier "unspecified"|"flex"|"standard"|"priority", store bool, continuationToken string
        CountRequest: contents [Content], generateContentRequest GenerateRequest
        VertexCountRequest: contents! [Content], systemInstruction Content, tools [Tool], generationConfig GenerationConfig
        PredictRequest: instances! [Instance], parameters Parameters
        Instance: content! string, task_type string, title string
        Parameters: outputDimensionality integer, autoTruncate bool
        EmbedRequest: content! Content, model string, taskType string, title string, outputDimensionality integer
        EmbedBatchRequest: requests! [EmbedRequest]

        Content: parts [Part], role "user"|"model"
        Part: text string, thought bool, thoughtSignature string, inlineData Blob, fileData FileData, functionCall FunctionCall, \
        functionResponse FunctionResponse, executableCode ExecutableCode, codeExecutionResult CodeResult, videoMetadata VideoMetadata, \
        mediaResolution Resolution, toolCall ServerCall, toolResponse ServerResponse, partMetadata object, audioTranscription object, \
        mediaProcessing "MEDIA_PROCESSING_UNSPECIFIED"|"STATIC"|"AGENTIC", speechMetadata Speech, documentMetadata object, \
        spreadsheetMetadata object, audioMetadata Offsets
        Blob: data! string, mimeType! string
        FileData: fileUri! string, mimeType string
        FunctionCall: id string, args object, name! string
        FunctionResponse: id string, name! string, response! object, parts [object], willContinue bool, \
        scheduling "SCHEDULING_UNSPECIFIED"|"SILENT"|"WHEN_IDLE"|"INTERRUPT"
        ExecutableCode: code! string, language! "LANGUAGE_UNSPECIFIED"|"PYTHON", id string
        CodeResult: outcome! "OUTCOME_UNSPECIFIED"|"OUTCOME_OK"|"OUTCOME_FAILED"|"OUTCOME_DEADLINE_EXCEEDED", output string, id string
        ServerCall: id string, toolType string, args object
        ServerResponse: id string, toolType string, response object
        Speech: speaker string, style string
        Offsets: startOffset string, endOffset string
        VideoMetadata: endOffset string, fps number, startOffset string, contentLayers [string]
        Resolution: level MediaResolution|"MEDIA_RESOLUTION_ULTRA_HIGH", numTokens integer
        MediaResolution = "MEDIA_RESOLUTION_UNSPECIFIED"|"MEDIA_RESOLUTION_LOW"|"MEDIA_RESOLUTION_MEDIUM"|"MEDIA_RESOLUTION_HIGH"

        GenerationConfig: candidateCount integer, stopSequences [string], maxOutputTokens integer, temperature number, topP number, \
        topK number, seed integer, presencePenalty number, frequencyPenalty number, responseLogprobs bool, logprobs integer, \
        responseMimeType string, responseSchema Schema, responseJsonSchema any, _responseJsonSchema any, \
        responseModalities ["MODALITY_UNSPECIFIED"|"TEXT"|"IMAGE"|"AUDIO"|"VIDEO"], mediaResolution MediaResolution, \
        speechConfig SpeechConfig, thinkingConfig ThinkingConfig, imageConfig ImageConfig, enableEnhancedCivicAnswers bool, \
        enableAffectiveDialog bool, responseFormat [object], translationConfig object, audioTranscriptionConfig object
        ThinkingConfig: includeThoughts bool, thinkingBudget integer, \
        thinkingLevel "THINKING_LEVEL_UNSPECIFIED"|"MINIMAL"|"LOW"|"MEDIUM"|"HIGH"|"XHIGH"
        ImageConfig: aspectRatio string, imageSize string
        SpeechConfig: voiceConfig VoiceConfig, languageCode string, multiSpeakerVoiceConfig MultiSpeaker
        VoiceConfig: prebuiltVoiceConfig Voice, replicatedVoiceConfig object, voice string
        Voice: voiceName string
        MultiSpeaker: speakerVoiceConfigs [SpeakerVoice]
        SpeakerVoice: speaker string, voiceConfig VoiceConfig
        Schema: additionalProperties any, anyOf [Schema], default any, description string, enum [string], example any, format string, \
        items Schema, maxItems Count, maxLength Count, maxProperties Count, maximum number, minItems Count, minLength Count, \
        minProperties Count, minimum number, nullable bool, pattern string, properties {Schema}, propertyOrdering [string], \
        required [string], title string, type SchemaType
        SchemaType = "TYPE_UNSPECIFIED"|"STRING"|"NUMBER"|"INTEGER"|"BOOLEAN"|"ARRAY"|"OBJECT"|"NULL"|"string"|"number"|"integer"|\
        "boolean"|"array"|"object"|"null"
        Count = integer|string

        Tool: functionDeclarations [FunctionDeclaration], googleSearch object, googleSearchRetrieval object, codeExecution object, \
        urlContext object, computerUse object, fileSearch object, googleMaps object, mcpServers [object]
        FunctionDeclaration: description string, name! string, parameters Schema, parametersJsonSchema any, response Schema, \
        responseJsonSchema any, behavior "UNSPECIFIED"|"BLOCKING"|"NON_BLOCKING"
        ToolConfig: functionCallingConfig CallingConfig, retrievalConfig object, includeServerSideToolInvocations bool
        CallingConfig: mode "MODE_UNSPECIFIED"|"AUTO"|"ANY"|"NONE"|"VALIDATED", allowedFunctionNames [string]
        SafetySetting: category! "HARM_CATEGORY_UNSPECIFIED"|"HARM_CATEGORY_HARASSMENT"|"HARM_CATEGORY_HATE_SPEECH"|\
        "HARM_CATEGORY_SEXUALLY_EXPLICIT"|"HARM_CATEGORY_DANGEROUS_CONTENT"|"HARM_CATEGORY_CIVIC_INTEGRITY"|"HARM_CATEGORY_JAILBREAK", \
        threshold! "HARM_BLOCK_THRESHOLD_UNSPECIFIED"|"BLOCK_LOW_AND_ABOVE"|"BLOCK_MEDIUM_AND_ABOVE"|"BLOCK_ONLY_HIGH"|"BLOCK_NONE"|"OFF"
        """
}
