"""``python -m hutong`` is `hutong`."""

from hutong.cli import main

if __name__ == "__main__":
    main()
