"""`python -m fwsim`."""

from fwsim.cli import main

if __name__ == "__main__":
    main()
