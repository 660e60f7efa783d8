"""The table of the Go promoter's flags."""

from cip_async.cli.go_flags import FLAGS, Meaning


def test_each_flag_is_in_the_table_once_and_says_what_it_is_today() -> None:
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)
    ignored = (Meaning.IGNORED_SWITCH, Meaning.IGNORED_VALUE)
    assert all(bool(flag.today) == (flag.meaning not in ignored) for flag in FLAGS)
