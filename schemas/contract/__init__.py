"""What other teams may rely on, written down for machines: AsyncAPI 3 and JSON Schema, made from `schemas/`.

Nothing that runs imports this: `python -m adjourn.generate` writes the documents and compares them with the
released ones.
"""
