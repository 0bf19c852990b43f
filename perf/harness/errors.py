"""The one error a scenario ends with."""


class ScenarioError(Exception):
    """A sentence for the operator: what is missing or went wrong, and what would be right."""


def main(run):
    """Runs `run()`, prints a ScenarioError as one line, and exits with its status."""
    import sys
    try:
        sys.exit(run())
    except ScenarioError as error:
        print(f"{sys.argv[0].rsplit('/', 1)[-1]}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
