@testable import Providers

/// OpenAI's own endpoints.
/// - Source: OpenAI API reference, "Chat", "Completions", "Embeddings", "Responses", "Images", "Audio"; each with its streaming events
extension GoldenUsage {
    static let openAI: [GoldenUsage] = [
        // 83·2,500 + 1,024·1,250 + 10·40,000 + (25 + 16)·10,000 + 5·80,000 = 207,500 + 1,280,000 + 400,000 + 410,000 + 400,000
        GoldenUsage(
            name: "openai chat, cached, sound and reasoning", price: "input: 2.5, cached: 1.25, audio_input: 40, output: 10, audio_output: 80",
            usage: Usage(input: 83, cachedRead: 1024, audioInput: 10, output: 25, reasoning: 16, audioOutput: 5), nanodollars: 2_697_500,
            model: "gpt-4o-2024-08-06", finishReason: "tool_calls",
            whole: #"""
                {
                  "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
                  "choices": [{"index": 0, "message": {"role": "assistant", "content": "a \"usage\": {\"prompt_tokens\": 9} b",
                    "tool_calls": [{"function": {"arguments": "{\"usage\":{\"total_tokens\":7}}"}}]}, "finish_reason": "tool_calls"}],
                  "usage": {"prompt_tokens": 1117, "completion_tokens": 46, "total_tokens": 1163,
                    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 10},
                    "completion_tokens_details": {"reasoning_tokens": 16, "audio_tokens": 5, "accepted_prediction_tokens": 0}},
                  "service_tier": "default"
                }
                """#,
            stream: [
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-2024-08-06","service_tier":"default","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-2024-08-06","service_tier":"default","choices":[{"index":0,"delta":{"content":"\"usage\":{"},"finish_reason":null}],"usage":null}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-2024-08-06","service_tier":"default","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-2024-08-06","service_tier":"default","choices":[],"usage":{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":10},"completion_tokens_details":{"reasoning_tokens":16,"audio_tokens":5,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}"#,
                "[DONE]",
            ], usageOnlyEvent: 3),
        // 19·2,500 + 10·10,000: what was asked for was not to be had
        GoldenUsage(
            name: "openai chat, priority asked for and the usual served", price: "input: 2.5, output: 10, priority: {input: 4.25, output: 17}", tier: .priority,
            usage: Usage(input: 19, output: 10), nanodollars: 147_500, model: "gpt-4o", finishReason: "stop",
            whole: #"{"object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29},"service_tier":"default"}"#,
            stream: [
                #"{"model":"gpt-4o","service_tier":"default","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}"#,
                #"{"model":"gpt-4o","service_tier":"default","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
                #"{"model":"gpt-4o","service_tier":"default","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}}"#, "[DONE]",
            ], usageOnlyEvent: 2),
        // 19·4,250 + 10·17,000: a project may have priority without asking
        GoldenUsage(
            name: "openai responses, served at priority", price: "input: 2.5, output: 10, priority: {input: 4.25, output: 17}",
            usage: Usage(input: 19, output: 10), nanodollars: 250_750, model: "gpt-4o", finishReason: "completed",
            whole: #"{"id":"resp_1","object":"response","status":"completed","model":"gpt-4o","service_tier":"priority","output":[],"usage":{"input_tokens":19,"input_tokens_details":{"cached_tokens":0},"output_tokens":10,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":29}}"#,
            stream: [
                #"{"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","model":"gpt-4o","service_tier":"auto","usage":null}}"#,
                #"{"type":"response.output_text.delta","sequence_number":1,"delta":"Hi","item_id":"msg_1"}"#,
                #"{"type":"response.completed","sequence_number":2,"response":{"id":"r","status":"completed","model":"gpt-4o","service_tier":"priority","output":[],"usage":{"input_tokens":19,"input_tokens_details":{"cached_tokens":0},"output_tokens":10,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":29}}}"#,
            ]),
        // 5·1,500 + 7·2,000
        GoldenUsage(
            name: "openai completion", price: "input: 1.5, output: 2", usage: Usage(input: 5, output: 7), nanodollars: 21_500, model: "gpt-3.5-turbo-instruct",
            finishReason: "length",
            whole: #"{"object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[{"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}"#,
            stream: [
                #"{"object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[{"text":"x","index":0,"finish_reason":null}],"usage":null}"#,
                #"{"object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[{"text":"","index":0,"finish_reason":"length"}],"usage":null}"#,
                #"{"object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}"#,
                "[DONE]",
            ], usageOnlyEvent: 2),
        // 8·20
        GoldenUsage(
            name: "openai embeddings", price: "input: 0.02, output: 0", usage: Usage(input: 8), nanodollars: 160, model: "text-embedding-3-small",
            whole: #"{"object":"list","data":[{"object":"embedding","embedding":[0.1,-2.5e-3],"index":0}],"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}"#),
        // 228·1,100 + 100·275 + (20 + 32)·4,400 = 250,800 + 27,500 + 228,800
        GoldenUsage(
            name: "openai responses, cached and reasoning", price: "input: 1.1, cached: 0.275, output: 4.4",
            usage: Usage(input: 228, cachedRead: 100, output: 20, reasoning: 32), nanodollars: 507_100, model: "o4-mini", finishReason: "completed",
            whole: #"{"id":"resp_1","object":"response","status":"completed","error":null,"model":"o4-mini","output":[{"type":"message","usage":{"input_tokens":1},"content":[]}],"usage":{"input_tokens":328,"input_tokens_details":{"cached_tokens":100},"output_tokens":52,"output_tokens_details":{"reasoning_tokens":32},"total_tokens":380},"metadata":{}}"#,
            stream: [
                #"{"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","model":"o4-mini","output":[],"usage":null}}"#,
                #"{"type":"response.output_text.delta","sequence_number":4,"delta":"Hi","item_id":"msg_1"}"#,
                #"{"type":"response.output_text.done","sequence_number":5,"text":"Hi"}"#,
                #"{"type":"response.completed","sequence_number":9,"response":{"id":"r","status":"completed","model":"o4-mini","output":[{"usage":{"input_tokens":9}}],"usage":{"input_tokens":328,"input_tokens_details":{"cached_tokens":100},"output_tokens":52,"output_tokens_details":{"reasoning_tokens":32},"total_tokens":380}}}"#,
            ]),
        // 10·5,000 + 40·10,000 + 10·10,000 + 40·32,000 = 50,000 + 400,000 + 100,000 + 1,280,000
        GoldenUsage(
            name: "openai images, pictures in and out", price: "input: 5, image_input: 10, output: 10, image_output: 32",
            usage: Usage(input: 10, imageInput: 40, output: 10, imageOutput: 40), nanodollars: 1_830_000,
            whole: #"{"created":1,"data":[{"b64_json":"AA/="}],"usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#,
            stream: [
                #"{"type":"image_generation.partial_image","partial_image_index":0,"b64_json":"AA/=","size":"1024x1024"}"#,
                #"{"type":"image_generation.completed","b64_json":"AA/=","size":"1024x1024","quality":"low","usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#,
            ]),
        // 10·5,000 + 40·10,000 + 50·40,000: all that comes out of this model is pictures
        GoldenUsage(
            name: "openai images of a model that answers in pictures alone", price: "input: 5, image_input: 10, image_output: 40",
            usage: Usage(input: 10, imageInput: 40, output: 50), nanodollars: 2_450_000,
            whole: #"{"created":1,"data":[{"b64_json":"AA/="}],"usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#,
            stream: [
                #"{"type":"image_edit.completed","b64_json":"AA/=","usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#,
            ]),
        // 4·2,500 + 10·6,000 + 45·10,000
        GoldenUsage(
            name: "openai transcription by tokens", price: "input: 2.5, audio_input: 6, output: 10", usage: Usage(input: 4, audioInput: 10, output: 45),
            nanodollars: 520_000,
            whole: #"{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":45,"total_tokens":59}}"#,
            stream: [
                #"{"type":"transcript.text.delta","delta":"h"}"#, #"{"type":"transcript.text.delta","delta":"i"}"#,
                #"{"type":"transcript.text.done","text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":45,"total_tokens":59}}"#,
            ]),
    ]

    /// - Source: Azure OpenAI, "Chat completions" with content filters and `stream_options`, "Responses", "Completions", "Embeddings"
    static let azure: [GoldenUsage] = [
        // (19 − 5)·2,750 + 5·1,375 + 10·11,000 = 38,500 + 6,875 + 110,000
        GoldenUsage(
            name: "azure, whose first chunk has no choices and is not the usage", price: "input: 2.75, cached: 1.375, output: 11",
            usage: Usage(input: 14, cachedRead: 5, output: 10), nanodollars: 155_375, model: "gpt-4o-2024-08-06", finishReason: "stop",
            whole: #"{"id":"c","object":"chat.completion","model":"gpt-4o-2024-08-06","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}],"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hi"},"content_filter_results":{}}],"usage":{"completion_tokens":10,"prompt_tokens":19,"total_tokens":29,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":0}}}"#,
            stream: [
                #"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
                #"{"choices":[{"delta":{"content":"Hi"},"finish_reason":null,"index":0}],"model":"gpt-4o-2024-08-06","usage":null}"#,
                #"{"choices":[{"content_filter_offsets":{"check_offset":44},"content_filter_results":{},"finish_reason":null,"index":0}],"model":"","usage":null}"#,
                #"{"choices":[{"delta":{},"finish_reason":"stop","index":0}],"model":"gpt-4o-2024-08-06","usage":null}"#,
                #"{"choices":[],"model":"gpt-4o-2024-08-06","usage":{"completion_tokens":10,"prompt_tokens":19,"total_tokens":29,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":0}}}"#,
                "[DONE]",
            ], usageOnlyEvent: 4),
        // 50·1,210 + 100·310 + (20 + 40)·4,840 = 60,500 + 31,000 + 290,400
        GoldenUsage(
            name: "azure responses, cached and reasoning, with filters beside the usage", price: "input: 1.21, cached: 0.31, output: 4.84",
            usage: Usage(input: 50, cachedRead: 100, output: 20, reasoning: 40), nanodollars: 381_900, model: "o4-mini", finishReason: "completed",
            whole: #"{"id":"resp_1","object":"response","created_at":1,"status":"completed","background":false,"content_filters":[{"blocked":false,"source_type":"prompt","content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"usage":{"input_tokens":9}}],"error":null,"incomplete_details":null,"model":"o4-mini","output":[{"type":"reasoning","id":"rs_1","summary":[]},{"type":"message","status":"completed","content":[{"type":"output_text","text":"Hi"}]}],"reasoning":{"effort":"medium","summary":null},"service_tier":"default","usage":{"input_tokens":150,"input_tokens_details":{"cached_tokens":100},"output_tokens":60,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":210},"user":null,"metadata":{}}"#,
            stream: [
                #"{"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","content_filters":null,"model":"o4-mini","output":[],"service_tier":"auto","usage":null}}"#,
                #"{"type":"response.output_text.delta","sequence_number":4,"delta":"Hi","item_id":"msg_1","output_index":1}"#,
                #"{"type":"response.output_text.done","sequence_number":5,"text":"Hi","item_id":"msg_1"}"#,
                #"{"type":"response.completed","sequence_number":9,"response":{"id":"r","status":"completed","content_filters":[{"blocked":false,"source_type":"completion","usage":{"output_tokens":9}}],"model":"o4-mini","output":[],"service_tier":"default","usage":{"input_tokens":150,"input_tokens_details":{"cached_tokens":100},"output_tokens":60,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":210}}}"#,
            ]),
        // 6·1,650 + 9·2,200 = 9,900 + 19,800
        GoldenUsage(
            name: "azure completion, filtered before its text and within its choices", price: "input: 1.65, output: 2.2", usage: Usage(input: 6, output: 9),
            nanodollars: 29_700, model: "gpt-35-turbo-instruct", finishReason: "length",
            whole: #"{"id":"cmpl-1","object":"text_completion","created":1,"model":"gpt-35-turbo-instruct","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}],"choices":[{"text":"x","index":0,"finish_reason":"length","logprobs":null,"content_filter_results":{}}],"usage":{"completion_tokens":9,"prompt_tokens":6,"total_tokens":15}}"#,
            stream: [
                #"{"id":"","object":"","created":0,"model":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}],"choices":[]}"#,
                #"{"id":"cmpl-1","object":"text_completion","model":"gpt-35-turbo-instruct","choices":[{"text":"x","index":0,"finish_reason":null,"content_filter_results":{}}],"usage":null}"#,
                #"{"id":"cmpl-1","object":"text_completion","model":"gpt-35-turbo-instruct","choices":[{"text":"","index":0,"finish_reason":"length","content_filter_results":{}}],"usage":null}"#,
                #"{"id":"cmpl-1","object":"text_completion","model":"gpt-35-turbo-instruct","choices":[],"usage":{"completion_tokens":9,"prompt_tokens":6,"total_tokens":15}}"#,
                "[DONE]",
            ], usageOnlyEvent: 3),
        // 8·22
        GoldenUsage(
            name: "azure embeddings", price: "input: 0.022, output: 0", usage: Usage(input: 8), nanodollars: 176, model: "text-embedding-3-small",
            whole: #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[-0.0054,1.2e-3]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}"#),
    ]
}
