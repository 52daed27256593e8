"""``python -m tests.browser.chromium``: exits with 0 if a Chromium is there that the browser tests can drive."""

import sys

from benchmarks.serving import open_browser

if __name__ == "__main__":
    try:
        with open_browser() as browser:
            print(f"Chromium {browser.version}")
    except Exception as error:
        print(f"no Chromium yet: {str(error).splitlines()[0]}")
        sys.exit(1)
