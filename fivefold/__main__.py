"""`python -m fivefold` is the command line."""

from fivefold.cli import main

if __name__ == "__main__":
    main()
