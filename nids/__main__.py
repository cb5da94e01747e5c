"""``python -m nids``, where the command itself is not on the path."""

from nids.cli import main

if __name__ == "__main__":
    main()
