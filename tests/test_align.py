"""Partitions are merged in time, and nothing is handed out before its turn."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pipeline.faust_adapter.align import Aligner
from pipeline.faust_adapter.chunk import Undecodable


@dataclass(frozen=True)
class Record:
    partition: str
    offset: int
    timestamp: int
    value: bytes | None = None


LOGS = st.dictionaries(
    st.sampled_from(["vcs", "registry", "idp", "ai"]),
    st.lists(st.integers(0, 1000), max_size=40).map(sorted),
    min_size=1,
)


def log_of(times: dict[str, list[int]]) -> dict[str, list[Record]]:
    return {
        name: [Record(name, offset, time) for offset, time in enumerate(listed)]
        for name, listed in times.items()
    }


@given(LOGS, st.randoms(use_true_random=False), st.integers(1, 7))
def test_however_fetches_come_the_result_is_the_merge_in_time(
    times: dict[str, list[int]], dice: object, limit: int
) -> None:
    logs = log_of(times)
    fetched = dict.fromkeys(logs, 0)
    aligner = Aligner(5, max_bytes=1)
    out: list[Record] = []

    def is_at_end(partition: object) -> bool:
        return fetched[str(partition)] == len(logs[str(partition)])

    for _ in range(2000):
        open_ = [name for name in logs if not is_at_end(name) and not aligner.is_full(name)]
        if open_:
            name = dice.choice(open_)  # type: ignore[attr-defined]
            count = dice.randint(1, 4)  # type: ignore[attr-defined]
            part = logs[name][fetched[name] : fetched[name] + count]
            aligner.add(name, part)
            fetched[name] += len(part)
        out += aligner.take(list(logs), is_at_end, limit)
    assert len(out) == sum(map(len, logs.values()))
    assert [record.timestamp for record in out] == sorted(record.timestamp for record in out)
    for name, log in logs.items():
        assert [record for record in out if record.partition == name] == log


def test_a_partition_behind_holds_the_others_up() -> None:
    aligner = Aligner(10, max_bytes=1)
    aligner.add("registry", [Record("registry", 0, 50)])
    assert aligner.take(["registry", "vcs"], lambda p: p == "registry", 10) == []
    aligner.add("vcs", [Record("vcs", 0, 40), Record("vcs", 1, 60)])
    taken = aligner.take(["registry", "vcs"], lambda _: True, 10)
    assert [record.timestamp for record in taken] == [40, 50, 60]


def test_one_that_stays_behind_can_be_passed() -> None:
    aligner = Aligner(10, max_bytes=1)
    aligner.add("registry", [Record("registry", 0, 50)])
    assert len(aligner.take_all(10)) == 1


def test_what_cannot_be_read_keeps_its_place_in_its_partition() -> None:
    aligner = Aligner(10, max_bytes=1)
    bad = Undecodable("vcs", 0, 1, 3, ValueError("codec"))
    aligner.add("vcs", [Record("vcs", 0, 40), bad, Record("vcs", 4, 70)])
    aligner.add("registry", [Record("registry", 0, 50)])
    taken = aligner.take(["vcs", "registry"], lambda _: True, 10)
    assert [getattr(item, "offset", None) for item in taken] == [0, 3, 0, 4]


def test_orders_by_offset_within_a_partition_whatever_the_timestamps_say() -> None:
    aligner = Aligner(10, max_bytes=1)
    aligner.add("vcs", [Record("vcs", 0, 40), Record("vcs", 1, 10), Record("vcs", 2, 45)])
    taken = aligner.take(["vcs"], lambda _: True, 10)
    assert [record.offset for record in taken] == [0, 1, 2]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_large_records_fill_a_partition_and_what_is_handed_out(sizes: list[int]) -> None:
    limit = 60
    aligner = Aligner(max_waiting=100, max_bytes=limit)
    records = [Record("vcs", at, at, bytes(size)) for at, size in enumerate(sizes)]
    given_out: list[Record] = []
    for at, record in enumerate(records):
        aligner.add("vcs", [record])
        waiting = sum(sizes[len(given_out) : at + 1])
        assert aligner.is_full("vcs") == (waiting >= limit)
        if aligner.is_full("vcs"):
            taken = aligner.take(["vcs"], lambda _: True, limit=100)
            assert sum(sizes[record.offset] for record in taken[:-1]) < limit
            given_out += taken
    while taken := aligner.take(["vcs"], lambda _: True, limit=100):
        given_out += taken
    assert given_out == records
