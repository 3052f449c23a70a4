from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from modeling.models import Explanation, Training
from modeling.services.explaining import CHARACTER_LIMIT, LABEL_LIMIT, start_explanation
from workers.api.job import JobOutput
from workers.models import JobState


class ExplainInput(serializers.Serializer[Any]):
    item = serializers.IntegerField(
        min_value=0, max_value=2**62, required=False, help_text="An item of the training's version."
    )
    text = serializers.CharField(
        max_length=CHARACTER_LIMIT, required=False, trim_whitespace=False, help_text="A text in place of an item."
    )
    label = serializers.CharField(
        max_length=LABEL_LIMIT, required=False, help_text="Explained beside the predicted labels."
    )


class ExplanationOutput(serializers.ModelSerializer[Explanation]):
    item = serializers.IntegerField(source="item_id", allow_null=True)
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", default=None, allow_null=True)
    result = serializers.DictField(
        allow_null=True,
        help_text="Null until the job is done. `kind` says what `parts` are made of: words, spans, pixels or columns.",
    )

    class Meta:
        model = Explanation
        fields = ["id", "training", "item", "text", "label", "job", "state", "result", "created_by", "created_at"]


class StartedExplanationOutput(serializers.Serializer[Any]):
    explanation = ExplanationOutput()
    job = JobOutput(allow_null=True)


class ExplainView(ScopedAPIView):
    """Why a training's model says what it says of an item or a text."""

    model = Training
    scopes = {"POST": ("model.write", "predict")}

    @extend_schema(request=ExplainInput, responses={202: StartedExplanationOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Send the job that explains a prediction; what was asked before is found again, with its result."""
        chosen = valid(ExplainInput, request.data)
        made = start_explanation(
            actor=request.actor,  # type: ignore[attr-defined]
            training_id=pk,
            item_id=chosen.get("item"),
            text=chosen.get("text"),
            label=chosen.get("label", ""),
        )
        job = JobOutput(made.job).data if made.job else None
        return Response({"explanation": ExplanationOutput(made).data, "job": job}, status=202)


class ExplanationFilter(filters.FilterSet):
    training = filters.NumberFilter(min_value=1, max_value=2**62)
    item = filters.NumberFilter(field_name="item_id", min_value=0, max_value=2**62)

    class Meta:
        model = Explanation
        fields = ["training", "item"]


class ExplanationViewSet(ScopedViewSet):
    """Explanations that were asked for. Those of items that are erased go with them."""

    queryset = Explanation.objects.select_related("job")
    serializer_class = ExplanationOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = ExplanationFilter
    scopes = {"GET": "model.read"}

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(ExplanationOutput(page, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(ExplanationOutput(self.get_object()).data)
