public import JSON
public import Policy

/// Everything wrong with a configuration file, in the order of its text; what `sluice check` prints.
///
/// Secrets are not looked up: a file can be checked where they are not.
public func checkConfiguration(_ text: [UInt8], builtIn: [Catalog.Provider]) -> [Diagnostic] {
    ConfigurationReader.read(text, builtIn: builtIn).diagnostics
}
