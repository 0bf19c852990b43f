/// The keys of a config, one row each. The reader, the suggestions and the "not yet" answers all come from here.
/// - Source: the wire reference §3.1, §3.7; order as its validator's, which is the order of its errors.
enum ConfigSchema {
    static let config = Schema(
        [
            SchemaKey("strategy"),
            SchemaKey("provider"),
            SchemaKey("api_key"),
            SchemaKey("virtual_key"),
            SchemaKey("cache"),
            SchemaKey("retry"),
            SchemaKey("weight"),
            SchemaKey("on_status_codes"),
            SchemaKey("targets"),
            SchemaKey("request_timeout"),
            SchemaKey("custom_host"),
            SchemaKey("forward_headers"),
            SchemaKey("override_params"),
            SchemaKey("strict_open_ai_compliance"),
            SchemaKey("openai_organization"),
            SchemaKey("openai_project"),
            SchemaKey("openai_beta"),
            SchemaKey("anthropic_version"),
            SchemaKey("anthropic_beta"),
            SchemaKey("resource_name", aliases: ["azure_resource_name"]),
            SchemaKey("deployment_id", aliases: ["azure_deployment_id"]),
            SchemaKey("api_version", aliases: ["azure_api_version"]),
            SchemaKey("azure_ad_token", aliases: ["ad_token"]),
            SchemaKey("azure_auth_mode"),
            SchemaKey("azure_entra_tenant_id"),
            SchemaKey("azure_entra_client_id"),
            SchemaKey("azure_entra_client_secret"),
            SchemaKey("azure_entra_scope"),
            SchemaKey("azure_managed_client_id"),
            SchemaKey("azure_workload_client_id"),
            SchemaKey("aws_access_key_id"),
            SchemaKey("aws_secret_access_key"),
            SchemaKey("aws_session_token"),
            SchemaKey("aws_region"),
            SchemaKey("aws_auth_type"),
            SchemaKey("aws_role_arn"),
            SchemaKey("aws_external_id"),
            // What the deployment runs; the request's own path needs it not.
            SchemaKey("azure_model_name", .label),
            SchemaKey("vertex_project_id"),
            SchemaKey("vertex_region"),
            SchemaKey("vertex_service_account_json"),
            SchemaKey("aws_s3_bucket"),
            SchemaKey("aws_s3_object_key"),
            SchemaKey("aws_bedrock_model"),
            SchemaKey("aws_server_side_encryption"),
            SchemaKey("aws_server_side_encryption_kms_key_id"),
            SchemaKey("vertex_storage_bucket_name"),
            SchemaKey("vertex_model_name"),
            SchemaKey("filename"),
            SchemaKey("mistral_fim_completion"),
            SchemaKey("name"),
            SchemaKey("id", .label),
            SchemaKey("credentials"),
            SchemaKey("connect_timeout"),
            SchemaKey("first_token_timeout"),
            SchemaKey("gap_timeout"),
            SchemaKey("total_timeout"),
            SchemaKey("cb_config"),
            SchemaKey("hedge"),
            SchemaKey("before_request_hooks"),
            SchemaKey("after_request_hooks"),
            SchemaKey("input_guardrails"),
            SchemaKey("output_guardrails"),
            SchemaKey("default_input_guardrails"),
            SchemaKey("default_output_guardrails"),
            // What hosted consoles store beside a breaker: state, which is ours to keep.
            SchemaKey("is_open", .label),
        ] + unbuilt)

    /// Part of the wire's schema or of ours to come; recognised, so that nobody believes they work.
    private static let unbuilt =
        lists.map { SchemaKey($0, .notYet(harmless: .emptyList)) }
        + (mechanisms + providerOptions).map { SchemaKey($0, .notYet(harmless: .nothing)) }

    /// Changes of a request or an answer: an empty list asks for none.
    private static let lists = ["input_mutators", "output_mutators"]

    private static let mechanisms = [
        "headers", "prompt", "prompt_id",
    ]

    /// Options of providers whose dialects are not built.
    private static let providerOptions = [
        "amzn_sagemaker_inference_component",
        "azure_foundry_url", "azure_endpoint_name", "azure_extra_params",
        "workers_ai_account_id", "huggingface_base_url", "fireworks_account_id", "snowflake_account",
        "stability_client_id", "stability_client_user_id", "stability_client_version",
        "oracle_region", "oracle_compartment_id", "oracle_tenancy", "oracle_user", "oracle_fingerprint", "oracle_private_key",
    ]

    static let strategy = Schema(
        [
            SchemaKey("mode"),
            SchemaKey("on_status_codes"),
            SchemaKey("conditions"),
            SchemaKey("default"),
            SchemaKey("algorithm"),
            SchemaKey("sticky"),
            SchemaKey("prefix_bytes"),
            SchemaKey("cb_config"),
            SchemaKey("hedge"),
        ])

    static let condition = Schema([SchemaKey("query"), SchemaKey("then"), SchemaKey("name", .label), SchemaKey("id", .label)])

    /// - Source: the wire reference §3.7
    static let sticky = Schema([SchemaKey("enabled"), SchemaKey("hash_fields"), SchemaKey("ttl")])

    static let breaker = Schema([
        SchemaKey("failure_threshold"), SchemaKey("failure_threshold_percentage"), SchemaKey("minimum_requests"),
        SchemaKey("cooldown_interval"), SchemaKey("failure_status_codes"),
    ])

    static let hedge = Schema([SchemaKey("after"), SchemaKey("budget")])

    static let credential = Schema([SchemaKey("virtual_key"), SchemaKey("api_key"), SchemaKey("weight"), SchemaKey("name", .label)])

    static let retry = Schema(
        [
            SchemaKey("attempts"),
            SchemaKey("on_status_codes"),
            // The reference's documentation and its code spell it differently.
            SchemaKey("use_retry_after_header", aliases: ["use_retry_after_headers"]),
            SchemaKey("budget"),
            SchemaKey("max_wait"),
        ])

    /// A hook. In short form every other key of it is a check.
    /// - Source: the wire reference §3.5
    static let hook = Schema([
        SchemaKey("checks"), SchemaKey("deny"), SchemaKey("on_fail"), SchemaKey("on_success"), SchemaKey("async"), SchemaKey("sequential"),
        SchemaKey("type"), SchemaKey("id"), SchemaKey("name", .label), SchemaKey("guardrail_version_id", .label),
    ])

    static let check = Schema([SchemaKey("id"), SchemaKey("parameters"), SchemaKey("is_enabled"), SchemaKey("name", .label)])

    static let opinion = Schema([SchemaKey("feedback")])

    static let feedback = Schema([SchemaKey("value"), SchemaKey("weight"), SchemaKey("metadata")])

    static let cache = Schema([
        SchemaKey("mode"), SchemaKey("max_age"), SchemaKey("scope"), SchemaKey("tool_calls"), SchemaKey("single_flight"),
        SchemaKey("stale_while_revalidate"), SchemaKey("stale_if_error"), SchemaKey("replay_events_per_second"),
    ])

    static let modes = Config.Mode.allCases.map(\.rawValue)

    /// Providers the wire knows; those the catalog lacks are not built yet.
    /// - Source: the wire reference §6.0
    static let providers: Set<String> = [
        "anthropic", "anyscale", "azure-openai", "cohere", "google", "vertex-ai", "mistral-ai", "openai", "palm", "perplexity-ai",
        "reka-ai", "together-ai", "deepinfra", "ncompass", "stability-ai", "nomic", "ollama", "ai21", "bedrock", "groq", "segmind",
        "jina",
        "fireworks-ai", "workers-ai", "moonshot", "openrouter", "lingyi", "zhipu", "novita-ai", "monsterapi", "deepseek",
        "predibase",
        "triton", "voyage", "azure-ai", "github", "deepbricks", "siliconflow", "huggingface", "cerebras", "inference-net",
        "sambanova",
        "lemonfox-ai", "upstage", "lambda", "dashscope", "x-ai", "cortex", "sagemaker", "nebius", "recraft-ai", "milvus",
        "replicate",
        "portkey", "lepton", "kluster-ai", "nscale", "hyperbolic", "bytez", "featherless-ai", "krutrim", "qdrant", "302ai",
        "cometapi",
        "matterai", "meshy", "tripo3d", "nextbit", "modal", "z-ai", "oracle", "iointelligence", "aibadgr", "ovhcloud",
    ]
}
