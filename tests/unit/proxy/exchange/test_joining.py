"""Texts of several turns are read together."""
