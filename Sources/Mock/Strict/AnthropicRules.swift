/// What Anthropic documents of its requests.
/// - Source: the Python SDK anthropic 2.14.0: `types.message_create_params`, `types.message_count_tokens_params`; what the hosted tools
///   take and give is checked by its names alone. The three parameters of sampling ended with API version 2026-10-21
///   (platform.claude.com/docs/en/api/migration-2026-10-21); their types are anthropic 0.116.0's.
extension RequestRules {
    /// `anthropic-version: 2026-10-21`
    static let anthropic = RequestRules(source: "anthropic 2.14.0", text: anthropicText)

    /// `anthropic-version: 2023-06-01`
    static let olderAnthropic = RequestRules(
        source: "anthropic 2.14.0",
        text: anthropicText.replacing("MessagesRequest: ", with: "MessagesRequest: temperature number, top_k integer, top_p number, "))

    /// Vertex AI's: the path names the model, the body the version.
    /// - Source: cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude; `anthropic.lib.vertex` of the same SDK
    static let vertexAnthropic = RequestRules(
        source: "anthropic 2.14.0, lib.vertex",
        text: anthropicText
            .replacing("model! string, stream", with: "stream")
            .replacing(
                "MessagesRequest: ",
                with: "MessagesRequest: anthropic_version! \"vertex-2023-10-16\", temperature number, top_k integer, top_p number, ")
            .replacing("CountTokensRequest: ", with: "CountTokensRequest: anthropic_version string, "))

    private static let anthropicText = """
        Cache = CacheControl|null
        CacheControl: type! "ephemeral", ttl "5m"|"1h"

        MessagesRequest: max_tokens! integer, messages! [Message], model! string, stream bool, cache_control Cache, \
        container string|Container|null, diagnostics Diagnostics|null, inference_geo string|null, metadata Metadata, \
        output_config OutputConfig, service_tier "auto"|"standard_only", speed "fast"|"standard"|null, stop_sequences [string], \
        system string|[Text], thinking Thinking, tool_choice Choice, tools [AnyTool], user_profile_id string, workspace_id string
        CountTokensRequest: messages! [Message], model! string, cache_control Cache, output_config OutputConfig, \
        speed "fast"|"standard"|null, system string|[Text], thinking Thinking, tool_choice Choice, tools [AnyTool], \
        user_profile_id string, workspace_id string
        Container: id string|null, skills [Skill]|null
        Skill: skill_id! string, type! "anthropic"|"custom", version string
        Diagnostics: previous_message_id string|null
        Metadata: user_id string|null
        OutputConfig: effort "low"|"medium"|"high"|"xhigh"|"max"|null, format OutputFormat|null
        OutputFormat: schema! object, type! "json_schema"
        Thinking = ThinkingEnabled|ThinkingDisabled|ThinkingBetween|ThinkingAdaptive
        ThinkingEnabled: budget_tokens! integer, type! "enabled", display "summarized"|"omitted"|null
        ThinkingDisabled: type! "disabled"
        ThinkingBetween: type! "between_tools"
        ThinkingAdaptive: type! "adaptive", display "summarized"|"omitted"|null
        Choice = ChoiceAuto|ChoiceAny|ChoiceTool|ChoiceNone
        ChoiceAuto: type! "auto", disable_parallel_tool_use bool
        ChoiceAny: type! "any", disable_parallel_tool_use bool
        ChoiceTool: name! string, type! "tool", disable_parallel_tool_use bool
        ChoiceNone: type! "none"

        Message = User|Assistant|System
        User: content! string|[Block], role! "user"
        Assistant: content! string|[Block], role! "assistant"
        System: content! string|[Text], role! "system"
        Block = Text|Image|Document|SearchResult|ThinkingBlock|Redacted|ToolUse|ToolResult|ServerToolUse|ServerToolResult|Upload
        Text: text! string, type! "text", cache_control Cache, citations [Citation]|null
        Citation = CharCitation|PageCitation|BlockCitation|WebCitation|SearchCitation
        CharCitation: cited_text! string, document_index! integer, document_title! string|null, end_char_index! integer, \
        start_char_index! integer, type! "char_location"
        PageCitation: cited_text! string, document_index! integer, document_title! string|null, end_page_number! integer, \
        start_page_number! integer, type! "page_location"
        BlockCitation: cited_text! string, document_index! integer, document_title! string|null, end_block_index! integer, \
        start_block_index! integer, type! "content_block_location"
        WebCitation: cited_text! string, encrypted_index! string, title! string|null, type! "web_search_result_location", url! string
        SearchCitation: cited_text! string, end_block_index! integer, search_result_index! integer, source! string, \
        start_block_index! integer, title! string|null, type! "search_result_location"
        Image: source! ImageData|URLSource|FileSource, type! "image", cache_control Cache, transformations Transformations|null
        ImageData: data! string, media_type! "image/jpeg"|"image/png"|"image/gif"|"image/webp", type! "base64"
        URLSource: type! "url", url! string
        FileSource: file_id! string, type! "file"
        Transformations: oversized_image "downsize"|"error"
        Document: source! PDFData|PlainText|Contents|URLSource|FileSource, type! "document", cache_control Cache, \
        citations Enabled|null, context string|null, title string|null
        PDFData: data! string, media_type! "application/pdf", type! "base64"
        PlainText: data! string, media_type! "text/plain", type! "text"
        Contents: content! string|[Text|Image], type! "content"
        Enabled: enabled bool
        SearchResult: content! [Text], source! string, title! string, type! "search_result", cache_control Cache, citations Enabled
        ThinkingBlock: signature! string, thinking! string, type! "thinking"
        Redacted: data! string, type! "redacted_thinking"
        ToolUse: id! string, input! object, name! string, type! "tool_use", cache_control Cache, caller Caller, toolset_name string|null
        Caller = Direct|FromCode
        Direct: type! "direct"
        FromCode: tool_id! string, type! "code_execution_20250825"|"code_execution_20260120"
        ToolResult: tool_use_id! string, type! "tool_result", cache_control Cache, \
        content string|[Text|Image|SearchResult|Document|ToolReference|BrowserState], is_error bool, toolset_name string|null
        ToolReference: tool_name! string, type! "tool_reference", cache_control Cache
        BrowserState: tabs! [object], type! "browser_state", cache_control Cache, state_changes [object]|null
        ServerToolUse: id! string, input! object, name! "web_search"|"web_fetch"|"code_execution"|"bash_code_execution"|\
        "text_editor_code_execution"|"tool_search_tool_regex"|"tool_search_tool_bm25", type! "server_tool_use", cache_control Cache, \
        caller Caller
        ServerToolResult: content! object|[object], tool_use_id! string, type! "web_search_tool_result"|"web_fetch_tool_result"|\
        "code_execution_tool_result"|"bash_code_execution_tool_result"|"text_editor_code_execution_tool_result"|\
        "tool_search_tool_result", cache_control Cache, caller Caller
        Upload: file_id! string, type! "container_upload", cache_control Cache

        AnyTool = Tool|HostedTool|WebSearch|WebFetch|Toolset
        Callers = ["direct"|"code_execution_20250825"|"code_execution_20260120"|"code_execution_20260521"]
        Tool: input_schema! Schema, name! string, allowed_callers Callers, cache_control Cache, defer_loading bool, description string, \
        eager_input_streaming bool|null, input_examples [object], strict bool, type "custom"|null
        Schema = object
        HostedTool: name! string, type! "bash_20250124"|"code_execution_20250522"|"code_execution_20250825"|"code_execution_20260120"|\
        "code_execution_20260521"|"memory_20250818"|"text_editor_20250124"|"text_editor_20250429"|"text_editor_20250728"|\
        "tool_search_tool_bm25_20251119"|"tool_search_tool_bm25"|"tool_search_tool_regex_20251119"|"tool_search_tool_regex", \
        allowed_callers Callers, cache_control Cache, defer_loading bool, input_examples [object], max_characters integer|null, strict bool
        WebSearch: name! "web_search", type! "web_search_20250305"|"web_search_20260209"|"web_search_20260318", allowed_callers Callers, \
        allowed_domains [string]|null, blocked_domains [string]|null, cache_control Cache, defer_loading bool, max_uses integer|null, \
        response_inclusion "full"|"excluded", strict bool, user_location Location|null
        Location: type! "approximate", city string|null, country string|null, region string|null, timezone string|null
        WebFetch: name! "web_fetch", type! "web_fetch_20250910"|"web_fetch_20260209"|"web_fetch_20260309"|"web_fetch_20260318", \
        allowed_callers Callers, allowed_domains [string]|null, blocked_domains [string]|null, cache_control Cache, \
        citations Enabled|null, defer_loading bool, max_content_tokens integer|null, max_uses integer|null, \
        response_inclusion "full"|"excluded", strict bool, url_sources object|null, use_cache bool
        Toolset: type! "browser_toolset_20260801"|"computer_toolset_20260801", cache_control Cache, configs object|null
        """
}
