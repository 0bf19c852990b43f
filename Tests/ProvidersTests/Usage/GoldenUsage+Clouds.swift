@testable import Providers

extension GoldenUsage {
    /// - Source: Claude Platform docs, "Messages", "Streaming messages", "Prompt caching", "Compaction", "Fast mode", "Advisor tool"
    static let anthropic: [GoldenUsage] = [
        // 21·3,000 + 188·300 + 200·3,750 + 100·6,000 + 393·15,000 = 63,000 + 56,400 + 750,000 + 600,000 + 5,895,000
        GoldenUsage(
            name: "messages, cache written for five minutes and for an hour", dialect: .anthropic,
            price: "input: 3, cached: 0.3, cache_write_5m: 3.75, cache_write_1h: 6, output: 15",
            usage: Usage(input: 21, cachedRead: 188, cacheWrite5m: 200, cacheWrite1h: 100, output: 393), nanodollars: 7_364_400, model: "claude-sonnet-4-5",
            finishReason: "tool_use",
            whole: #"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"tool_use","id":"t","name":"n","input":{"usage":{"input_tokens":9999},"model":"no"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":188,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},"output_tokens":393,"service_tier":"standard"}}"#,
            stream: [
                #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-sonnet-4-5","stop_reason":null,"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":188,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},"output_tokens":1,"service_tier":"standard"}}}"#,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#, #"{"type": "ping"}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"usage\":{\"output_tokens\":99}"}}"#,
                #"{"type":"content_block_stop","index":0}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":393}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // 25·3,000 + 4·300 + 10·3,750 + 15·15,000: an unstated time is five minutes
        GoldenUsage(
            name: "messages, cache written for an unstated time", dialect: .anthropic, price: "input: 3, cached: 0.3, cache_write_5m: 3.75, cache_write_1h: 6, output: 15",
            usage: Usage(input: 25, cachedRead: 4, cacheWrite5m: 10, output: 15), nanodollars: 338_700, model: "claude-opus-4", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-opus-4","content":[],"stop_reason":"end_turn","usage":{"input_tokens":25,"cache_creation_input_tokens":10,"cache_read_input_tokens":4,"output_tokens":15}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-opus-4","usage":{"input_tokens":25,"cache_creation_input_tokens":10,"cache_read_input_tokens":4,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":15}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // 900·3,000 + 70·300 + 20·3,750 + 230·6,000 + 510·15,000 + 10,000,000 = 2,700,000 + 21,000 + 75,000 + 1,380,000 + 7,650,000 + 10,000,000
        GoldenUsage(
            name: "server tools: the totals of message_delta, the rest to the dearer write, and a search", dialect: .anthropic,
            price: "input: 3, cached: 0.3, cache_write_5m: 3.75, cache_write_1h: 6, output: 15, units: {web_search: 0.01}",
            usage: Usage(input: 900, cachedRead: 70, cacheWrite5m: 20, cacheWrite1h: 230, output: 510, webSearches: 1), nanodollars: 21_826_000, model: "claude",
            finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude","content":[],"stop_reason":"end_turn","usage":{"input_tokens":900,"cache_creation_input_tokens":250,"cache_read_input_tokens":70,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":230},"output_tokens":510,"server_tool_use":{"web_search_requests":1}}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude","usage":{"input_tokens":100,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},"cache_read_input_tokens":0,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":900,"cache_creation_input_tokens":250,"cache_read_input_tokens":70,"output_tokens":510,"server_tool_use":{"web_search_requests":1}}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // 105·3,000 + 6,039·15,000 + 3·10,000,000: pages that are fetched cost their tokens alone. Source: platform.claude.com, "Web search tool"
        GoldenUsage(
            name: "messages, three searches over several turns", dialect: .anthropic, price: "input: 3, output: 15, units: {web_search: 0.01}",
            usage: Usage(input: 105, output: 6039, webSearches: 3), nanodollars: 120_900_000, model: "claude-sonnet-4-5", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-sonnet-4-5","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{"server_tool_use":{"web_search_requests":99}}}],"stop_reason":"end_turn","usage":{"input_tokens":105,"output_tokens":6039,"server_tool_use":{"web_search_requests":3,"web_fetch_requests":2},"iterations":[{"type":"message","input_tokens":60,"output_tokens":39,"server_tool_use":{"web_search_requests":2}},{"type":"message","input_tokens":45,"output_tokens":6000,"server_tool_use":{"web_search_requests":1}}]}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-sonnet-4-5","usage":{"input_tokens":60,"output_tokens":1,"server_tool_use":{"web_search_requests":0,"web_fetch_requests":0}}}}"#,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":105,"output_tokens":6039,"server_tool_use":{"web_search_requests":3,"web_fetch_requests":2}}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // 12·3,000 + 8·15,000: it may search, and has not
        GoldenUsage(
            name: "messages, server tools that were not used", dialect: .anthropic, price: "input: 3, output: 15, units: {web_search: 0.01}",
            usage: Usage(input: 12, output: 8), nanodollars: 156_000, model: "claude-sonnet-4-5", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-sonnet-4-5","content":[],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":8,"server_tool_use":null}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-sonnet-4-5","usage":{"input_tokens":12,"output_tokens":1,"server_tool_use":null}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8,"server_tool_use":{"web_search_requests":0}}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // 12·5,000 + 60·25,000 + 40·20,000
        GoldenUsage(
            name: "messages, thinking told apart", dialect: .anthropic, price: "input: 5, output: 25, reasoning: 20", usage: Usage(input: 12, output: 60, reasoning: 40),
            nanodollars: 2_360_000, model: "claude-opus-4-8", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-opus-4-8","content":[],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":100,"output_tokens_details":{"thinking_tokens":40}}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-opus-4-8","usage":{"input_tokens":12,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":100,"output_tokens_details":{"thinking_tokens":40}}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // 12·30,000 + 8·150,000
        GoldenUsage(
            name: "messages at their fast price", dialect: .anthropic, price: "input: 5, output: 25, fast: {input: 30, output: 150}", tier: .fast,
            usage: Usage(input: 12, output: 8), nanodollars: 1_560_000, model: "claude-opus-4-6", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-opus-4-6","content":[],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":8,"speed":"fast","service_tier":"standard"}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-opus-4-6","usage":{"input_tokens":12,"output_tokens":1,"service_tier":"standard","speed":"fast"}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8,"speed":"fast"}}"#, #"{"type":"message_stop"}"#,
            ]),
        // 12·5,000 + 8·25,000: a model that has no fast serving any more
        GoldenUsage(
            name: "messages, fast asked for and the usual served", dialect: .anthropic, price: "input: 5, output: 25, fast: {input: 30, output: 150}", tier: .fast,
            usage: Usage(input: 12, output: 8), nanodollars: 260_000, model: "claude-opus-4-6", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-opus-4-6","content":[],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":8,"service_tier":"standard","speed":"standard"}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-opus-4-6","usage":{"input_tokens":12,"output_tokens":1,"service_tier":"standard","speed":"standard"}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8}}"#, #"{"type":"message_stop"}"#,
            ]),
        // (23,000 + 180,000)·5,000 + 50·500 + (1,000 + 3,500)·25,000 = 1,015,000,000 + 25,000 + 112,500,000
        GoldenUsage(
            name: "messages, a conversation that was summed up on the way", dialect: .anthropic, price: "input: 5, cached: 0.5, output: 25",
            usage: Usage(input: 203_000, cachedRead: 50, output: 4500), nanodollars: 1_127_525_000, model: "claude-opus-4-6", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-opus-4-6","content":[],"stop_reason":"end_turn","usage":{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"cache_read_input_tokens":50,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-opus-4-6","usage":{"input_tokens":23000,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"iterations":[{"input_tokens":180000,"output_tokens":3500,"cache_read_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":0},"type":"compaction"},{"type":"message","input_tokens":23000,"output_tokens":1000}],"input_tokens":23000,"output_tokens":1000}}"#,
                #"{"type":"message_stop"}"#,
            ]),
        // (400 + 900)·3,000 + 70·300 + (120 + 800)·15,000 = 3,900,000 + 21,000 + 13,800,000: here all at one price
        GoldenUsage(
            name: "messages, another model asked for advice on the way", dialect: .anthropic, price: "input: 3, cached: 0.3, output: 15",
            usage: Usage(input: 1300, cachedRead: 70, output: 920), nanodollars: 17_721_000, model: "claude-sonnet-4-6", finishReason: "end_turn",
            whole: #"{"type":"message","model":"claude-sonnet-4-6","content":[],"stop_reason":"end_turn","usage":{"input_tokens":400,"cache_read_input_tokens":70,"output_tokens":120,"iterations":[{"type":"message","input_tokens":300,"cache_read_input_tokens":0,"output_tokens":20},{"type":"advisor_message","model":"claude-opus-4-6","input_tokens":900,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":800,"speed":"fast","service_tier":"priority"},{"type":"message","model":"claude-sonnet-4-6","input_tokens":100,"cache_read_input_tokens":70,"output_tokens":100}]}}"#,
            stream: [
                #"{"type":"message_start","message":{"model":"claude-sonnet-4-6","usage":{"input_tokens":300,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":400,"cache_read_input_tokens":70,"output_tokens":120,"iterations":[{"input_tokens":900,"output_tokens":800,"model":"claude-opus-4-6","type":"advisor_message"},{"type":"message","input_tokens":400,"cache_read_input_tokens":70,"output_tokens":120}]}}"#,
                #"{"type":"message_stop"}"#,
            ]),
    ]

    /// - Source: ai.google.dev/api/generate-content#UsageMetadata; ai.google.dev/gemini-api/docs/priority-inference;
    ///   Vertex AI, "GenerateContentResponse", "Text embeddings API"
    static let google: [GoldenUsage] = [
        // (10 + 5)·1,250 + (20 + 100)·10,000
        GoldenUsage(
            name: "gemini, thoughts beside the candidates and tools beside the prompt", dialect: .gemini, price: "input: 1.25, output: 10",
            usage: Usage(input: 15, output: 20, reasoning: 100), nanodollars: 1_218_750, model: "gemini-2.5-pro", finishReason: "STOP",
            whole: #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"usageMetadata":{"promptTokenCount":9},"modelVersion":"no"}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20,"totalTokenCount":135,"toolUsePromptTokenCount":5,"thoughtsTokenCount":100,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10}]},"modelVersion":"gemini-2.5-pro","responseId":"r"}"#,
            stream: [
                #"{"candidates": [{"content": {"parts": [{"text": "a","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 10,"toolUsePromptTokenCount":5,"totalTokenCount": 115,"thoughtsTokenCount": 100},"modelVersion": "gemini-2.5-pro"}"#,
                #"{"candidates": [{"content": {"parts": [{"text": "\"usageMetadata\": {\"promptTokenCount\": 99}"}],"role": "model"},"index": 0}],"modelVersion": "gemini-2.5-pro"}"#,
                #"{"candidates": [{"content": {"parts": [{"text": "b"}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 10,"candidatesTokenCount": 20,"toolUsePromptTokenCount":5,"totalTokenCount": 135},"modelVersion": "gemini-2.5-pro"}"#,
            ]),
        // 40·300 + 30·30 + 10·100 + 20·1,000 + 5·2,500 + 15·12,000 = 12,000 + 900 + 1,000 + 20,000 + 12,500 + 180,000
        GoldenUsage(
            name: "gemini, sound in prompt, cache and candidates, members in any order", dialect: .gemini,
            price: "input: 0.3, cached: 0.03, audio_input: 1, audio_cached: 0.1, output: 2.5, audio_output: 12",
            usage: Usage(input: 40, cachedRead: 30, audioInput: 20, audioCached: 10, output: 5, audioOutput: 15), nanodollars: 226_400,
            model: "gemini-2.5-flash-native-audio",
            whole: #"{ "modelVersion" : "gemini-2.5-flash-native-audio", "usageMetadata" : { "cachedContentTokenCount" : 40, "promptTokensDetails" : [ { "tokenCount" : 30, "modality" : "AUDIO" }, { "modality" : "TEXT", "tokenCount" : 70 } ], "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":10},{"modality":"AUD\u0049O","tokenCount":99}], "candidatesTokensDetails": [{"modality":"AUDIO","tokenCount":15}], "promptTokenCount" : 100, "candidatesTokenCount" : 20, "totalTokenCount" : 120 } }"#,
            stream: [
                #"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio/pcm","data":"AA"}}]}}],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":40,"totalTokenCount":100,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":30},{"modality":"TEXT","tokenCount":70}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":10},{"modality":"TEXT","tokenCount":30}]},"modelVersion":"gemini-2.5-flash-native-audio"}"#,
                #"{"candidates":[{"content":{"parts":[{"text":"b"}]}}],"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":20,"totalTokenCount":120,"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":15},{"modality":"TEXT","tokenCount":5}]},"modelVersion":"gemini-2.5-flash-native-audio"}"#,
            ]),
        // 6·300 + 258·300 + 12·2,500 + 1,290·30,000 = 1,800 + 77,400 + 30,000 + 38,700,000
        GoldenUsage(
            name: "gemini, a picture in and a picture out", dialect: .gemini, price: "input: 0.3, output: 2.5, image_output: 30",
            usage: Usage(input: 6, imageInput: 258, output: 12, imageOutput: 1290), nanodollars: 38_809_200, model: "gemini-2.5-flash-image", finishReason: "STOP",
            whole: #"{"candidates":[{"content":{"parts":[{"text":"Here."},{"inlineData":{"mimeType":"image/png","data":"AA"}}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":264,"candidatesTokenCount":1302,"totalTokenCount":1566,"promptTokensDetails":[{"modality":"TEXT","tokenCount":6},{"modality":"IMAGE","tokenCount":258}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]},"modelVersion":"gemini-2.5-flash-image"}"#,
            stream: [
                #"{"candidates":[{"content":{"parts":[{"text":"Here."}],"role":"model"}}],"usageMetadata":{"promptTokenCount":264,"candidatesTokenCount":12,"totalTokenCount":276,"promptTokensDetails":[{"modality":"TEXT","tokenCount":6},{"modality":"IMAGE","tokenCount":258}]},"modelVersion":"gemini-2.5-flash-image"}"#,
                #"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":264,"candidatesTokenCount":1302,"totalTokenCount":1566,"promptTokensDetails":[{"modality":"TEXT","tokenCount":6},{"modality":"IMAGE","tokenCount":258}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]},"modelVersion":"gemini-2.5-flash-image"}"#,
            ]),
        // 150,001·2,500 + 50,000·250 + 1,000·15,000 = 375,002,500 + 12,500,000 + 15,000,000: one token past the bound
        GoldenUsage(
            name: "gemini, a long prompt, most of it cached", dialect: .gemini,
            price: "input: 1.25, cached: 0.125, output: 10, above: {200000: {input: 2.5, cached: 0.25, output: 15}}",
            usage: Usage(input: 150_001, cachedRead: 50_000, output: 1000), nanodollars: 402_502_500, model: "gemini-2.5-pro", finishReason: "STOP",
            whole: #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":200001,"cachedContentTokenCount":50000,"candidatesTokenCount":1000,"totalTokenCount":201001},"modelVersion":"gemini-2.5-pro"}"#,
            stream: [
                #"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":200001,"cachedContentTokenCount":50000,"candidatesTokenCount":1,"totalTokenCount":200002},"modelVersion":"gemini-2.5-pro"}"#,
                #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":200001,"cachedContentTokenCount":50000,"candidatesTokenCount":1000,"totalTokenCount":201001},"modelVersion":"gemini-2.5-pro"}"#,
            ]),
        // 8·300
        GoldenUsage(
            name: "gemini, a prompt that was blocked", dialect: .gemini, price: "input: 0.3, output: 2.5", usage: Usage(input: 8), nanodollars: 2_400,
            model: "gemini-2.5-flash", finishReason: "SAFETY",
            whole: #"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8},"modelVersion":"gemini-2.5-flash"}"#,
            stream: [
                #"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8},"modelVersion":"gemini-2.5-flash"}"#,
            ]),
        // 5·540 + 7·4,500
        GoldenUsage(
            name: "vertex, priority traffic", dialect: .gemini, price: "input: 0.3, output: 2.5, priority: {input: 0.54, output: 4.5}",
            usage: Usage(input: 5, output: 7), nanodollars: 34_200, model: "gemini-2.5-flash", finishReason: "STOP",
            whole: #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12,"trafficType":"ON_DEMAND_PRIORITY"},"modelVersion":"gemini-2.5-flash"}"#,
            stream: [
                #"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"trafficType":"ON_DEMAND_PRIORITY"},"modelVersion":"gemini-2.5-flash"}"#,
                #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12,"trafficType":"ON_DEMAND_PRIORITY"},"modelVersion":"gemini-2.5-flash"}"#,
            ]),
        // 5·300 + 7·2,500: what is asked for beyond the quota of priority is served as the rest is
        GoldenUsage(
            name: "gemini, priority asked for and the usual served", dialect: .gemini, price: "input: 0.3, output: 2.5, priority: {input: 0.54, output: 4.5}",
            tier: .priority, usage: Usage(input: 5, output: 7), nanodollars: 19_000, model: "gemini-2.5-flash", finishReason: "STOP",
            whole: #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12,"serviceTier":"standard"},"modelVersion":"gemini-2.5-flash"}"#,
            stream: [
                #"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5,"serviceTier":"standard"},"modelVersion":"gemini-2.5-flash"}"#,
                #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12,"serviceTier":"standard"},"modelVersion":"gemini-2.5-flash"}"#,
            ]),
        // (8 + 4)·150
        GoldenUsage(
            name: "vertex embeddings, the tokens of each text", dialect: .gemini, price: "input: 0.15, output: 0", usage: Usage(input: 12), nanodollars: 1_800,
            whole: #"{"predictions":[{"embeddings":{"statistics":{"truncated":false,"token_count":8},"values":[0.1,-2.5e-3]}},{"embeddings":{"values":[0.2],"statistics":{"token_count":4.0,"truncated":false}}}],"metadata":{"billableCharacterCount":40}}"#),
    ]

    /// - Source: Amazon Bedrock API Reference, "Converse", "ConverseStream", "TokenUsage", "CacheDetail", "ServiceTier"
    static let bedrock: [GoldenUsage] = [
        // 63·3,000 + 30·300 + 2·3,750 + 5·6,000 + 50·15,000 = 189,000 + 9,000 + 7,500 + 30,000 + 750,000
        GoldenUsage(
            name: "converse, cache written for five minutes and for an hour", dialect: .bedrock,
            price: "input: 3, cached: 0.3, cache_write_5m: 3.75, cache_write_1h: 6, output: 15",
            usage: Usage(input: 63, cachedRead: 30, cacheWrite5m: 2, cacheWrite1h: 5, output: 50), nanodollars: 985_500, finishReason: "end_turn",
            whole: #"{"output":{"message":{"role":"assistant","content":[{"text":"\"usage\":{\"inputTokens\":9}"}]}},"stopReason":"end_turn","usage":{"inputTokens":63,"outputTokens":50,"totalTokens":150,"cacheReadInputTokens":30,"cacheWriteInputTokens":7,"cacheDetails":[{"inputTokens":5,"ttl":"1h"},{"ttl":"5m","inputTokens":2}]},"metrics":{"latencyMs":1}}"#,
            stream: [
                #"{"role":"assistant"}"#, #"{"contentBlockIndex":0,"delta":{"text":"a"}}"#, #"{"contentBlockIndex":0}"#, #"{"stopReason":"end_turn"}"#,
                #"{"usage":{"inputTokens":63,"outputTokens":50,"totalTokens":150,"cacheReadInputTokens":30,"cacheWriteInputTokens":7,"cacheDetails":[{"inputTokens":5,"ttl":"1h"},{"ttl":"5m","inputTokens":2}]},"metrics":{"latencyMs":1}}"#,
            ]),
        // 10·400 + 4·1,600
        GoldenUsage(
            name: "converse at the flex tier", dialect: .bedrock, price: "input: 0.8, output: 3.2, flex: {input: 0.4, output: 1.6}",
            usage: Usage(input: 10, output: 4), nanodollars: 10_400, finishReason: "max_tokens",
            whole: #"{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"max_tokens","usage":{"inputTokens":10,"outputTokens":4,"totalTokens":14},"metrics":{"latencyMs":1},"serviceTier":{"type":"flex"}}"#,
            stream: [
                #"{"role":"assistant"}"#, #"{"contentBlockIndex":0,"delta":{"text":"a"}}"#, #"{"stopReason":"max_tokens"}"#,
                #"{"usage":{"inputTokens":10,"outputTokens":4,"totalTokens":14},"metrics":{"latencyMs":1},"serviceTier":{"type":"flex"}}"#,
            ]),
    ]
}
