"""The meaning of a version over REST: figures, similar items, and the review of pairs that gives a threshold."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from core.errors import NotFound
from curation.models import Version
from curation.services.meaning import has_meaning, meaning_figures, request_meaning, similar_items
from curation.services.pair_review import (
    TARGET,
    find_review,
    judge_pair,
    pair_of,
    request_pair_review,
    thresholds,
)
from curation.services.plan import visible_version
from workers.api.job import JobOutput

DECIDE = ("review", "data.write")


class MeaningInput(serializers.Serializer[Any]):
    encoder = serializers.CharField(
        max_length=60, required=False, default="auto", help_text="auto chooses by the script of the texts."
    )


class MeaningOutput(serializers.Serializer[Any]):
    figures = serializers.DictField(
        allow_null=True, help_text="Encoder, clusters with their words, outliers, weak slices; null before it is built."
    )
    job = JobOutput(allow_null=True)


class SimilarInput(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=100, required=False, default=10)


class SimilarRowOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    similarity = serializers.FloatField(help_text="Cosine of the two vectors; higher is more alike.")
    item = serializers.DictField()


class SimilarOutput(serializers.Serializer[Any]):
    results = SimilarRowOutput(many=True)
    job = JobOutput(allow_null=True, help_text="Embeds the version first; ask again when it is done.")


class ThresholdInput(serializers.Serializer[Any]):
    target = serializers.FloatField(min_value=0.5, max_value=1.0, required=False, default=TARGET)


class EstimateOutput(serializers.Serializer[Any]):
    threshold = serializers.FloatField()
    pairs = serializers.IntegerField(help_text="Pairs of the version at or above it; of an even part of a large one.")
    precision = serializers.FloatField(help_text="Estimated share of them that mean the same.")
    low = serializers.FloatField(help_text="Lower end of the 95 % interval.")
    high = serializers.FloatField()


class ThresholdsOutput(serializers.Serializer[Any]):
    judged = serializers.IntegerField()
    pairs = serializers.IntegerField()
    target = serializers.FloatField()
    enough = serializers.BooleanField(help_text="Enough pairs are judged for a proposal.")
    rows = EstimateOutput(many=True)
    proposed = EstimateOutput(allow_null=True)
    job = JobOutput(allow_null=True)


class PairOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    items = serializers.ListField(child=serializers.IntegerField())
    texts = serializers.ListField(child=serializers.CharField())
    pictures = serializers.ListField(
        child=serializers.CharField(), help_text="SHA-256 of the original of each item's picture; empty for none."
    )
    cosine = serializers.FloatField()


class JudgeInput(serializers.Serializer[Any]):
    same = serializers.BooleanField(allow_null=True, help_text="null takes the judgement back.")


class MeaningView(ScopedAPIView):
    model = Version
    scopes = {"GET": "data.read", "POST": "data.read"}

    @extend_schema(operation_id="versions_meaning", responses=MeaningOutput)
    def get(self, request: Request, pk: int) -> Response:
        """What was found when the items of a version were embedded."""
        version = visible_version(request.actor, pk)  # type: ignore[attr-defined]
        return Response({"figures": meaning_figures(version), "job": None})

    @extend_schema(
        operation_id="versions_embed", request=MeaningInput, responses={200: MeaningOutput, 202: MeaningOutput}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Embed the items of a version: the job, or the figures when that is done."""
        actor, encoder = request.actor, valid(MeaningInput, request.data)["encoder"]  # type: ignore[attr-defined]
        job = request_meaning(actor=actor, version_id=pk, encoder=encoder)
        figures = None if job else meaning_figures(visible_version(actor, pk))
        body = {"figures": figures, "job": JobOutput(job).data if job else None}
        return Response(body, status=202 if job else 200)


class SimilarView(ScopedAPIView):
    model = Version
    scopes = {"GET": "data.read"}

    @extend_schema(
        operation_id="versions_similar_items",
        parameters=[SimilarInput],
        responses={200: SimilarOutput, 202: SimilarOutput},
    )
    def get(self, request: Request, pk: int, item_id: int) -> Response:
        """Items whose meaning is nearest; 202 with the job when the version has to be embedded first."""
        actor, limit = request.actor, valid(SimilarInput, request.query_params)["limit"]  # type: ignore[attr-defined]
        if not has_meaning(visible_version(actor, pk)):
            job = request_meaning(actor=actor, version_id=pk)
            return Response({"results": [], "job": JobOutput(job).data if job else None}, status=202)
        found = similar_items(actor=actor, version_id=pk, item_id=item_id, limit=limit)
        return Response({"results": found, "job": None})


class PairsView(ScopedAPIView):
    model = Version
    scopes = {"GET": "data.read", "POST": DECIDE}

    @extend_schema(operation_id="versions_thresholds", parameters=[ThresholdInput], responses=ThresholdsOutput)
    def get(self, request: Request, pk: int) -> Response:
        """What the judged pairs say of each threshold, and the one to take for semantic duplicates."""
        actor, target = request.actor, valid(ThresholdInput, request.query_params)["target"]  # type: ignore[attr-defined]
        review = find_review(actor=actor, version_id=pk)
        return Response({**thresholds(review, target), "job": None})

    @extend_schema(
        operation_id="versions_draw_pairs", request=None, responses={200: ThresholdsOutput, 202: ThresholdsOutput}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Draw pairs for people to judge, over the whole range of similarity."""
        review, job = request_pair_review(actor=request.actor, version_id=pk)  # type: ignore[attr-defined]
        body = {**thresholds(review), "job": JobOutput(job).data if job else None}
        return Response(body, status=202 if job else 200)


class PairView(ScopedAPIView):
    model = Version
    scopes = {"GET": "data.read", "POST": DECIDE}

    @extend_schema(operation_id="versions_pair", responses=PairOutput)
    def get(self, request: Request, pk: int, number: int) -> Response:
        """One pair with its texts or pictures."""
        review = find_review(actor=request.actor, version_id=pk)  # type: ignore[attr-defined]
        return Response(PairOutput(pair_of(review, number)).data)

    @extend_schema(operation_id="versions_judge_pair", request=JudgeInput, responses=ThresholdsOutput)
    def post(self, request: Request, pk: int, number: int) -> Response:
        """Say whether a pair means the same."""
        find_review(actor=request.actor, version_id=pk)  # type: ignore[attr-defined]
        same = valid(JudgeInput, request.data)["same"]
        if number > 2**31 - 1:
            raise NotFound("There is no such pair.")
        review = judge_pair(actor=request.actor, version_id=pk, number=number, same=same)  # type: ignore[attr-defined]
        return Response({**thresholds(review), "job": None})
