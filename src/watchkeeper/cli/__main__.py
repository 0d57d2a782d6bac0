"""`python -m watchkeeper.cli`: the same as `watchkeeper`, where scripts are not on the path."""

from watchkeeper.cli import main

if __name__ == "__main__":
    main()
