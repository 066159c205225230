"""Labels and mappings stand beside a code only where a public source states them."""

from node.domain.categories import label, mapped
from node.domain.statements import Tri


def test_a_label_names_its_source_and_needs_the_scheme_and_its_version() -> None:
    found = label("us-vics", "2.0", "1")
    assert found is not None
    assert (found.text, found.source) == ("illegal", "Autopsy, IPED")
    assert label("us-vics", "2.0", "0") is not None
    for scheme, version, code in (
        ("us-vics", "1.3", "1"),
        ("vics", "1.3", "1"),
        ("vics-default", "2.0", "1"),
        ("uk-caid", "2.0", "1"),
        ("vics-custom", "2.0", "1"),
        ("us-vics", "2.0", "8"),
        ("us-vics", "2.0", "01"),
        ("", "", "1"),
    ):
        assert label(scheme, version, code) is None
        assert mapped(scheme, version, code) is None


def test_a_list_that_is_not_of_child_abuse_gets_no_label() -> None:
    assert label("us-vics", "2.0", "1", is_abuse=False) is None
    assert label("ncmec", "2", "A1", is_abuse=False) is None
    assert mapped("iccam", "", "baseline", is_abuse=False) is None


def test_nothing_but_the_baseline_maps() -> None:
    found = mapped("iccam", "1", "baseline")
    assert found is not None
    assert (found.baseline, found.source) == (Tri.YES, "INHOPE")
    assert mapped("iccam", "1", "nationally illegal") is None
    assert label("ncmec", "2", "A1") is not None
    assert mapped("ncmec", "2", "A1") is None
