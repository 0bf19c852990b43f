/// What Amazon documents of the Bedrock runtime's requests.
/// - Source: botocore 1.44.8, `bedrock-runtime/2023-09-30/service-2.json`: ConverseRequest, CountTokensRequest and what they name
extension RequestRules {
    static let bedrock = RequestRules(source: "botocore 1.44.8", text: bedrockText)

    private static let bedrockText = """
        ConverseRequest: messages [Message], system [System], inferenceConfig Inference, toolConfig ToolConfig, guardrailConfig Guardrail, \
        projectIdentifier string, additionalModelRequestFields object, promptVariables {PromptVariable}, \
        additionalModelResponseFieldPaths [string], requestMetadata {string}, performanceConfig Performance, serviceTier Tier, \
        outputConfig Output
        TokensRequest: input! TokensInput
        CreateModelInvocationJob: jobName! string, roleArn! string, clientRequestToken string, modelId! string, inputDataConfig! JobInput, \
        outputDataConfig! JobOutput, vpcConfig object, timeoutDurationInHours integer, tags [object], \
        modelInvocationType "InvokeModel"|"Converse"
        JobInput: s3InputDataConfig S3Input
        S3Input: s3InputFormat "JSONL", s3Uri! string, s3BucketOwner string
        JobOutput: s3OutputDataConfig S3Output
        S3Output: s3Uri! string, s3EncryptionKeyId string, s3BucketOwner string
        TokensInput: converse ConverseTokens, invokeModel object
        ConverseTokens: messages [Message], system [System], toolConfig ToolConfig, additionalModelRequestFields object

        Message: role! "user"|"assistant"|"system", content! [Block]
        Block: text string, image Image, document Document, video Video, audio Audio, toolUse ToolUse, toolResult ToolResult, \
        guardContent object, cachePoint CachePoint, reasoningContent Reasoning, citationsContent object, searchResult object, \
        toolAddition object, toolRemoval object
        System: text string, guardContent object, cachePoint CachePoint
        CachePoint: type! "default", ttl "5m"|"1h"
        Source: bytes string, s3Location S3
        S3: uri! string, bucketOwner string
        Image: format! "png"|"jpeg"|"gif"|"webp", source! Source, error object
        Document: format "pdf"|"csv"|"doc"|"docx"|"xls"|"xlsx"|"html"|"txt"|"md", name! string, source! DocumentSource, context string, \
        citations Citations
        DocumentSource: bytes string, s3Location S3, text string, content [Text]
        Text: text! string
        Citations: enabled! bool
        Video: format! "mkv"|"mov"|"mp4"|"webm"|"flv"|"mpeg"|"mpg"|"wmv"|"three_gp", source! Source
        Audio: format! "mp3"|"opus"|"wav"|"aac"|"flac"|"mp4"|"ogg"|"mkv"|"mka"|"x-aac"|"m4a"|"mpeg"|"mpga"|"pcm"|"webm", source! Source, \
        error object
        ToolUse: toolUseId! string, name! string, input! object, type "server_tool_use"
        ToolResult: toolUseId! string, content! [ResultBlock], status "success"|"error", type string
        ResultBlock: json any, text string, image Image, document Document, video Video, searchResult object
        Reasoning: reasoningText ReasoningText, redactedContent string
        ReasoningText: text! string, signature string

        Inference: maxTokens integer, temperature number, topP number, stopSequences [string]
        ToolConfig: tools! [Tool], toolChoice ToolChoice
        Tool: toolSpec ToolSpec, systemTool SystemTool, cachePoint CachePoint
        ToolSpec: name! string, description string, inputSchema! InputSchema, strict bool
        InputSchema: json object
        SystemTool: name! string
        ToolChoice: auto Empty, any Empty, tool SystemTool
        Empty: none any
        Guardrail: guardrailIdentifier string, guardrailVersion string, trace "enabled"|"disabled"|"enabled_full", \
        streamProcessingMode "sync"|"async"
        PromptVariable: text string
        Performance: latency "standard"|"optimized"
        Tier: type! "priority"|"default"|"flex"|"reserved"
        Output: textFormat TextFormat, effort string
        TextFormat: type! "json_schema", structure! Structure
        Structure: jsonSchema JSONSchema
        JSONSchema: schema! string, name string, description string
        """
}
