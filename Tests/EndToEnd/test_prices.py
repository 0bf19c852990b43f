"""`sluice prices`, without a gateway."""

import json
import tempfile
import unittest
from pathlib import Path

from harness.gateway import ROOT, command


class Prices(unittest.TestCase):
    """sluice prices."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    LITELLM = {"sample_spec": {"litellm_provider": "one of"},
               "gemini/g": {"litellm_provider": "gemini", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
                            "input_cost_per_token_above_200k_tokens": 2.5e-06, "max_output_tokens": 65535, "odd": 1}}

    def test_show(self):
        """providers, the models of one, and one model are printed; what has no price is told"""
        everything = command("prices", "show")
        self.assertEqual(everything.returncode, 0, everything.stderr)
        self.assertRegex(everything.stdout, r"(?m)^version 20\d\d-\d\d-\d\d, from Portkey-AI/models")
        self.assertRegex(everything.stdout, r"(?m)^anthropic +\d+$")
        self.assertRegex(command("prices", "show", "anthropic").stdout, r"(?m)^claude-sonnet-4-5 +3 +0\.3 +3\.75 +15 +batch$")
        model = command("prices", "show", "openai/gpt-4o-2024-08-06").stdout
        self.assertRegex(model, r"(?m)^input +2\.5 +1\.25 ")
        self.assertRegex(model, r"(?m)^web_search +0\.01$")
        self.assertIn("listed without its date", command("prices", "show", "anthropic/claude-opus-5-20991231").stdout)
        for unknown in ("nobody", "openai/gpt-99", "openai/"):
            said = command("prices", "show", unknown)
            self.assertEqual((said.returncode, said.stdout, said.stderr), (1, "", f"{unknown} has no price\n"))

    def test_check(self):
        """a book is checked, and each fault told with its place"""
        said = command("prices", "check", str(ROOT / "config/prices.yaml"))
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("no faults", said.stdout)
        bad = self.file("bad.yaml", 'version: "1"\nprices:\n  p:\n    "m": {input: -1}\n    "n": {colour: 1}\n')
        said = command("prices", "check", bad)
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertEqual([line.split(":")[1:3] for line in said.stderr.splitlines()], [["4", "18"], ["5", "11"]])

    def test_import(self):
        """a public list becomes a book that can be checked and shown, and what was left out is told"""
        said = command("prices", "import", "--version", "7", "--source", "a list", self.file("list.json", self.LITELLM))
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("1 models\n", said.stderr)
        self.assertIn("1 fields are not known:\n  odd (1 times)\n", said.stderr)
        book = self.file("book.yaml", said.stdout)
        self.assertIn("1 models, version 7", command("prices", "check", book).stdout)
        shown = command("prices", "show", "--book", book, "google/g").stdout
        self.assertIn("longest answer: 65535 tokens", shown)
        self.assertRegex(shown, r"(?m)^input +1\.25 +2\.5$")

    def test_import_faults(self):
        """of a list with a fault nothing is printed, not even what is right in others"""
        good = self.file("good.json", self.LITELLM)
        bad = self.file("bad.json", '{"m": {"litellm_provider": "a",\n  "input_cost_per_token": 1e400}}')
        said = command("prices", "import", good, bad)
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertEqual(said.stderr, f"{bad}:2:27: the price is too large: at most a thousand dollars a unit\n")
        self.assertNotEqual(command("prices", "import", good, str(self.folder / "none.json")).returncode, 0)


if __name__ == "__main__":
    unittest.main()
