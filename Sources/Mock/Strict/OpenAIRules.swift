/// What OpenAI documents of its requests.
/// - Source: the Python SDK openai 3.57.0: `types.chat.completion_create_params`, `types.completion_create_params`,
///   `types.embedding_create_params`; of `types.responses.response_create_params` the names of the members alone
extension RequestRules {
    static let openAI = RequestRules(source: "openai 3.57.0", text: openAIText)

    /// Azure's, with the members of its own; the deployment in the path names the model.
    /// - Source: learn.microsoft.com/azure/ai-services/openai/reference, api-version 2024-10-21
    static let azure = RequestRules(
        source: "openai 3.57.0, Azure",
        text: openAIText.replacing("ChatRequest: ", with: "ChatRequest: data_sources [object], user_security_context object, ")
            .replacing("[Message], model! string", with: "[Message], model string")
            .replacing("CompletionRequest: model! string", with: "CompletionRequest: model string")
            .replacing("[[integer]], model! string", with: "[[integer]], model string"))

    private static let openAIText = """
        Cache = Breakpoint
        Breakpoint: mode! "explicit", ttl "30m"|"12h"
        Text: text! string, type! "text", prompt_cache_breakpoint Cache
        Texts = string|[Text]

        ChatRequest: messages! [Message], model! string, stream bool|null, stream_options StreamOptions|null, audio Audio|null, \
        frequency_penalty number|null, function_call "none"|"auto"|FunctionName, functions [Function], logit_bias {integer}|null, \
        logprobs bool|null, max_completion_tokens integer|null, max_tokens integer|null, metadata {string}|null, \
        modalities ["text"|"audio"]|null, moderation Moderation|null, n integer|null, parallel_tool_calls bool, \
        prediction Prediction|null, presence_penalty number|null, prompt_cache_key string|null, prompt_cache_options CacheOptions, \
        prompt_cache_retention "in_memory"|"24h"|null, reasoning_effort Effort|null, response_format TextFormat|SchemaFormat|ObjectFormat, \
        safety_identifier string|null, seed integer|null, service_tier "auto"|"default"|"flex"|"scale"|"priority"|"fast"|null, \
        stop string|[string]|null, store bool|null, temperature number|null, \
        tool_choice "none"|"auto"|"required"|AllowedChoice|FunctionChoice|CustomChoice, tools [FunctionTool|CustomTool], \
        top_logprobs integer|null, top_p number|null, user string, verbosity "low"|"medium"|"high"|null, web_search_options WebSearch
        Effort = "none"|"minimal"|"low"|"medium"|"high"|"xhigh"|"max"
        StreamOptions: include_obfuscation bool, include_usage bool
        Message = Developer|System|User|Assistant|ToolResult|FunctionResult
        Developer: content! Texts, role! "developer", name string
        System: content! Texts, role! "system", name string
        User: content! string|[Text|Image|Sound|File], role! "user", name string
        Assistant: role! "assistant", audio AudioID|null, content string|[Text|Refusal]|null, function_call Called|null, name string, \
        refusal string|null, tool_calls [FunctionCall|CustomCall]
        ToolResult: content! Texts, role! "tool", tool_call_id! string
        FunctionResult: content! string|null, name! string, role! "function"
        Image: image_url! ImageURL, type! "image_url", prompt_cache_breakpoint Cache
        ImageURL: url! string, detail "auto"|"low"|"high"|"original"
        Sound: input_audio! SoundData, type! "input_audio", prompt_cache_breakpoint Cache
        SoundData: data! string, format! "wav"|"mp3"
        File: file! FileData, type! "file", prompt_cache_breakpoint Cache
        FileData: file_data string, file_id string, filename string
        Refusal: refusal! string, type! "refusal"
        AudioID: id! string
        Called: arguments! string, name! string
        FunctionCall: id! string, function! Called, type! "function"
        CustomCall: id! string, custom! CustomCalled, type! "custom"
        CustomCalled: input! string, name! string
        Audio: format! "wav"|"aac"|"mp3"|"flac"|"opus"|"pcm16", voice! string|AudioID
        FunctionName: name! string
        Function: name! string, description string, parameters object
        Moderation: model! string, policy ModerationPolicy|null
        ModerationPolicy: input ModerationMode|null, output ModerationMode|null
        ModerationMode: mode! "score"|"block"
        Prediction: content! Texts, type! "content"
        CacheOptions: mode "implicit"|"explicit", ttl "30m"
        TextFormat: type! "text"
        ObjectFormat: type! "json_object"
        SchemaFormat: json_schema! NamedSchema, type! "json_schema"
        NamedSchema: name! string, description string, schema object, strict bool|null
        AllowedChoice: allowed_tools! AllowedTools, type! "allowed_tools"
        AllowedTools: mode! "auto"|"required", tools! [object]
        FunctionChoice: function! FunctionName, type! "function"
        CustomChoice: custom! FunctionName, type! "custom"
        FunctionTool: function! FunctionDefinition, type! "function"
        FunctionDefinition: name! string, description string, parameters object, strict bool|null
        CustomTool: custom! CustomDefinition, type! "custom"
        CustomDefinition: name! string, description string, format PlainFormat|GrammarFormat
        PlainFormat: type! "text"
        GrammarFormat: grammar! Grammar, type! "grammar"
        Grammar: definition! string, syntax! "lark"|"regex"
        WebSearch: search_context_size "low"|"medium"|"high", user_location Location|null
        Location: approximate! Approximate, type! "approximate"
        Approximate: city string, country string, region string, timezone string

        CompletionRequest: model! string, prompt! string|[string]|[integer]|[[integer]]|null, best_of integer|null, echo bool|null, \
        frequency_penalty number|null, logit_bias {integer}|null, logprobs integer|null, max_tokens integer|null, n integer|null, \
        presence_penalty number|null, seed integer|null, stop string|[string]|null, stream bool|null, stream_options StreamOptions|null, \
        suffix string|null, temperature number|null, top_p number|null, user string

        EmbeddingRequest: input! string|[string]|[integer]|[[integer]], model! string, dimensions integer, \
        encoding_format "float"|"base64", user string

        ResponseRequest: access_programs any, background bool|null, background_options any, context_management any, conversation any, \
        image any, include [string]|null, input string|[object], instructions string|null, max_output_tokens integer|null, \
        max_tool_calls integer|null, metadata {string}|null, model string, moderation any, parallel_tool_calls bool|null, \
        previous_response_id string|null, prompt any, prompt_cache_key string, prompt_cache_options any, prompt_cache_retention any, \
        reasoning object|null, safety_identifier string, service_tier string|null, store bool|null, stream bool|null, \
        stream_options object|null, temperature number|null, text object, tool_choice string|object, tools [object], \
        top_logprobs integer|null, top_p number|null, truncation "auto"|"disabled"|null, user string
        """
}
