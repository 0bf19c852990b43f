"""What `/metrics` says, as Prometheus's own parser reads it."""

from prometheus_client.parser import text_string_to_metric_families

from harness.wire import send


def scrape(gateway):
    return send(gateway.port, "GET", "/metrics", {"Host": "localhost"}).body.decode()


def total(text, name, /, **labels):
    """The sum of the samples of that name that have these labels."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.name in (name, f"{name}_total")]
    return sum(sample.value for sample in found if labels.items() <= sample.labels.items())
