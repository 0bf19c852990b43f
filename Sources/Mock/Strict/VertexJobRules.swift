/// What Google documents of Vertex AI's batches, as far as their files are in Cloud Storage.
/// - Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs
extension RequestRules {
    static let vertexJobs = RequestRules(source: "the REST reference", text: vertexJobText, isProtocolBuffers: true)

    private static let vertexJobText = """
        BatchPredictionJob: displayName! string, model! string, inputConfig! Input, outputConfig! Output, instanceConfig Instances, \
        labels {string}, modelParameters any, serviceAccount string
        Input: instancesFormat! "jsonl"|"csv"|"bigquery"|"tf-record", gcsSource! Source
        Source: uris! [string]
        Output: predictionsFormat! "jsonl"|"csv"|"bigquery", gcsDestination! Destination
        Destination: outputUriPrefix! string
        Instances: instanceType string, keyField string, includedFields [string], excludedFields [string]
        """
}
