"""`python -m gatehouse`."""

from gatehouse.cli import main

if __name__ == "__main__":
    main()
