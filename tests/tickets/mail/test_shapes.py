"""Which mails count as the same mail sent again on another day."""

import pytest

from tickets.mail.shapes import alarm_shape, mail_shape

REPORT = "Hello Anna,\nyour nightly report of Monday, 5 June 2024 10:04 UTC: 41.7 % of 1,203 streams failed."


def test_mails_that_differ_in_numbers_dates_and_names_have_one_shape():
    later = "Hello Ben,\nyour nightly report of Friday, 9 August 2024 10:05 UTC: 3 % of 88 streams failed."
    assert mail_shape("Report 41", REPORT) == mail_shape("Re: report 42 [SD#7]", later)
    assert mail_shape("x", "written by Li Wei", names=["Li Wei"]) == mail_shape(
        "x", "written by Bo Chen", names=["Bo Chen"]
    )


@pytest.mark.parametrize(
    "text", [f"{REPORT} Please call us.", REPORT.replace("failed", "recovered"), "", "我们的直播间黑屏"]
)
def test_one_more_sentence_makes_another_shape(text):
    assert mail_shape("Report", text) != mail_shape("Report", REPORT)


def test_another_subject_is_another_shape():
    assert mail_shape("Report", REPORT) != mail_shape("Invoice", REPORT)


def test_a_short_name_is_not_cut_out_of_longer_words():
    assert mail_shape("x", "live streams", names=["Li"]) != mail_shape("x", "ve streams")


def test_an_alarm_and_its_recovery_have_one_shape():
    assert alarm_shape("PROBLEM: host7 down 10:04") == alarm_shape("RESOLVED: host7 down 11:30")
    assert alarm_shape("[FIRING:2] joins fail") == alarm_shape("[RESOLVED] joins fail")
    assert alarm_shape("PROBLEM: disk full") != alarm_shape("PROBLEM: joins fail")
