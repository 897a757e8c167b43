"""./run bench NAME: runs one bench of this folder; without a name, lists them."""

import ast
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Run tests/bench/<name>.py with the rest of the arguments."""
    benches = {path.stem: path for path in sorted(HERE.glob("*.py")) if not path.stem.startswith("__")}
    name = sys.argv[1].replace("-", "_") if len(sys.argv) > 1 else ""
    if name not in benches:
        sys.stderr.write("usage: ./run bench NAME [OPTIONS]; NAME --help tells more\n\n")
        for stem, path in benches.items():
            told = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
            sys.stderr.write(f"  {stem:12} {told}\n")
        sys.exit(0 if name in ("", "-h", "--help") else 2)
    sys.argv = [f"./run bench {name}", *sys.argv[2:]]
    runpy.run_module(f"tests.bench.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
