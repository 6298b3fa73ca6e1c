"""Whether what goes upstream is what OpenAI's specification describes: `make contract`. No tests."""
