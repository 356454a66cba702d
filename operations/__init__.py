"""What an operator does around a deployment, the same against AWS and the local stack.

`python -m operations.preflight` checks before `sam deploy`, `python -m operations.bootstrap` does what comes after it.
"""
