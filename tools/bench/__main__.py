"""Run the figures: all modules, or those named."""

import importlib
import os
import platform
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Print every figure; exit 0 even when a target is missed, since machines differ."""
    modules = sorted(
        p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_")
    )
    if unknown := set(names) - set(modules):
        print(f"bench: no figures called {min(unknown)}; there are {', '.join(modules)}")
        return 2
    print(
        f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
    missed = 0
    for name in names or modules:
        print(f"# {name}", flush=True)
        for figure in importlib.import_module(f"tools.bench.{name}").figures():
            print(figure.line(), flush=True)
            missed += not figure.is_met
    print(f"# {missed} missed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
