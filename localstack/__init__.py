"""The local stack: starts an AWS emulator on loopback, deploys the templates to it and seeds it.

`python -m localstack.up` does it all; the other modules are its steps and can be run alone.
"""
