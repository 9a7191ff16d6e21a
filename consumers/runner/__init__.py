"""The runner: the only place where a consumer and the log meet. `run.py` says what it promises."""
