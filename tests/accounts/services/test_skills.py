"""What members are good at."""

import pytest

from accounts.models import Membership
from accounts.services.member import MOST_SKILLS, change_member, change_skills
from core.errors import DomainError, NotFound
from tests import factories

pytestmark = pytest.mark.django_db


def test_skills_are_noted_once_each_and_trimmed() -> None:
    ann = factories.owner()
    membership = factories.membership(ann)
    change_skills(actor=ann, membership_id=membership.pk, skills=[" zh ", "zh", "medical  texts"])
    membership.refresh_from_db()
    assert membership.skills == ["zh", "medical texts"]


@pytest.mark.parametrize("skills", [[""], ["x" * 61], [f"s{n}" for n in range(MOST_SKILLS + 1)]])
def test_too_many_or_too_long_skills_are_refused(skills: list[str]) -> None:
    ann = factories.owner()
    membership = factories.membership(ann)
    with pytest.raises(DomainError) as caught:
        change_skills(actor=ann, membership_id=membership.pk, skills=skills)
    assert caught.value.code == "skills_invalid"
    assert Membership.objects.get(pk=membership.pk).skills == []


def test_a_stranger_notes_nothing() -> None:
    membership = factories.membership(factories.owner())
    with pytest.raises(NotFound):
        change_skills(actor=factories.owner(), membership_id=membership.pk, skills=["zh"])


def test_role_and_skills_change_together_or_not_at_all() -> None:
    ann = factories.owner()
    membership = factories.membership(ann)
    with pytest.raises(DomainError):
        change_member(actor=ann, membership_id=membership.pk, role="reviewer", skills=["x" * 99])
    membership.refresh_from_db()
    assert membership.role == "annotator"
