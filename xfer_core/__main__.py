"""``python -m xfer_core``; imports nothing until it is the main program, for workers import this file by name."""

if __name__ == "__main__":
    import sys

    from xfer_core.cli import main

    sys.exit(main())
