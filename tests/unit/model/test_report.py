"""What a report shows of itself to people who debug: never all of its edges."""

from tests.unit.reporting.samples import failure, pair_plans, plan, report


def test_a_report_is_shown_in_one_line_however_much_it_tells() -> None:
    shown = repr(report(plan(*pair_plans("app", ())), failure("app", "a", "v1", "no luck")))
    assert "pairs=<3 pairs>" in shown
    assert "failures=<1 failures>" in shown
    assert "app" not in shown
