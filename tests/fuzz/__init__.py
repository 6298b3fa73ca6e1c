"""Requests that no client would send, by schemathesis: `make fuzz`. Not part of the tests."""
