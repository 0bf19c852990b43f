"""The running binary, its upstreams, and a client that sends exact bytes."""
