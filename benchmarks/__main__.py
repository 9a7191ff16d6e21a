"""`make bench`: every benchmark, or those that are named (`make bench ARGS="accept runner"`)."""

import sys

from benchmarks import (
    accept,
    accept_kafka,
    backlog,
    copyurl,
    eventlog,
    kafka,
    objects,
    outage,
    recordings,
    replay,
    runner,
    search,
    start,
    transcribing,
)

BENCHMARKS = {
    "start": start.main,
    "accept": accept.main,
    "eventlog": eventlog.main,
    "runner": runner.main,
    "recordings": recordings.main,
    "replay": replay.main,
    "transcribing": transcribing.main,
    "search": search.main,
    "objects": objects.main,
    "copyurl": copyurl.main,
    "kafka": kafka.main,
    "accept-kafka": accept_kafka.main,
    "backlog": backlog.main,
    "outage": outage.main,
}


def main(names: list[str]) -> int:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(
            f"There is no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}.", file=sys.stderr
        )
        return 2
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        if BENCHMARKS[name]():
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
