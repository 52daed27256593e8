"""Entry point: ``python -m xfer_core``. Imports nothing unless it is the main program: workers import this file too."""

if __name__ == "__main__":
    import sys

    from xfer_core.cli import main

    sys.exit(main())
