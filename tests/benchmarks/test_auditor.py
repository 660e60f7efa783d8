"""The benchmark of the auditor's index: it knows every edge there is, in little memory."""

from benchmarks.auditor import TARGET, measured


def test_every_edge_of_the_whole_set_is_known_within_the_memory_that_is_aimed_at() -> None:
    result = measured()
    assert (result["destinations"], result["events_verified"]) == (9_746, 707_520)
    assert result["index_bytes"] < TARGET["index_bytes"]
