from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from curation.models import Provenance, Version
from curation.services.diff import request_diff
from curation.services.download import FORMATS, request_download
from curation.services.explorer import find_items, question_of, request_index
from curation.services.item import find_item, page_of_items
from curation.services.picture_export import ARCHIVES
from curation.services.provenance import provenance_in_version
from curation.services.tag import remove_tag, set_tag
from curation.services.version import annotate_version, restore_version, trash_version
from workers.api.job import JobOutput


class VersionOutput(serializers.ModelSerializer[Version]):
    tags: Any = serializers.SlugRelatedField("name", many=True, read_only=True)

    class Meta:
        model = Version
        fields = [
            "id", "dataset", "number", "kind", "parent", "note", "content_hash", "row_count", "byte_count", "licence",
            "source", "consent", "collected_on", "created_at", "created_by", "notes", "tags", "trashed_at", "purged_at",
        ]  # fmt: skip


class VersionChangeInput(serializers.Serializer[Any]):
    notes = serializers.CharField(max_length=4000, allow_blank=True)


class TagInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60)


class DiffInput(serializers.Serializer[Any]):
    # "with" is a word of Python, so the field cannot be an attribute of that name.
    def get_fields(self) -> dict[str, Any]:
        return {"with": serializers.IntegerField(min_value=1, max_value=2**62, help_text="The version before.")}


class SearchInput(serializers.Serializer[Any]):
    q = serializers.CharField(max_length=500, required=False, help_text="Substring of the text, whatever its case.")
    label = serializers.CharField(max_length=500, required=False)
    split = serializers.CharField(max_length=500, required=False)
    longer = serializers.CharField(max_length=20, required=False, help_text="Least length of the text, code points.")
    shorter = serializers.CharField(max_length=20, required=False, help_text="Greatest length of the text.")
    column = serializers.CharField(max_length=500, required=False)
    op = serializers.ChoiceField(choices=["equals", "missing", "present", "at_least", "at_most"], required=False)
    value = serializers.CharField(max_length=500, required=False)
    after = serializers.IntegerField(min_value=0, max_value=2**40, required=False, help_text="Go on from here.")
    before = serializers.IntegerField(min_value=0, max_value=2**40, required=False, help_text="Look back from here.")
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=50)


class SearchOutput(serializers.Serializer[Any]):
    results = serializers.ListField(child=serializers.DictField())
    after = serializers.IntegerField(allow_null=True)
    before = serializers.IntegerField(allow_null=True)
    complete = serializers.BooleanField(help_text="False when the time was up; go on with `after` or `before`.")
    scanned = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)


class StartedIndexOutput(serializers.Serializer[Any]):
    job = JobOutput(allow_null=True)


class StartedDiffOutput(serializers.Serializer[Any]):
    diff = serializers.IntegerField()
    job = JobOutput(allow_null=True)


class VersionDetailOutput(VersionOutput):
    class Meta(VersionOutput.Meta):
        fields = [*VersionOutput.Meta.fields, "manifest"]


class ProvenanceOutput(serializers.ModelSerializer[Provenance]):
    class Meta:
        model = Provenance
        fields = [
            "id", "dataset", "version", "upload", "first_item_id", "last_item_id", "file_name", "sha256", "address",
            "licence", "source", "consent", "collected_on", "created_at",
        ]  # fmt: skip


class PageInput(serializers.Serializer[Any]):
    offset = serializers.IntegerField(min_value=0, max_value=2**40, required=False, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=50)


class ItemPageInput(PageInput):
    label = serializers.CharField(max_length=500, required=False)


class ItemPageOutput(serializers.Serializer[Any]):
    results = serializers.ListField(child=serializers.DictField())
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)


class DownloadInput(serializers.Serializer[Any]):
    format = serializers.ChoiceField(
        choices=[*sorted(FORMATS), *ARCHIVES],
        default="parquet",
        help_text="zip and zip-originals for versions with pictures; the originals need the scope data.write.",
    )


class VersionDownloadOutput(serializers.Serializer[Any]):
    url = serializers.CharField(allow_null=True, help_text="Works for an hour; null while the file is being written.")
    job = JobOutput(allow_null=True)


class VersionViewSet(ScopedViewSet):
    """Immutable states of datasets."""

    queryset = Version.objects.filter(dataset__deleted_at=None).prefetch_related("tags")
    serializer_class = VersionDetailOutput
    scopes = {"GET": "data.read", "POST": "data.write", "PATCH": "data.write", "DELETE": "data.write"}

    @extend_schema(responses=VersionDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(VersionDetailOutput(self.get_object()).data)

    @extend_schema(request=VersionChangeInput, responses=VersionDetailOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Write notes; nothing else of a version ever changes."""
        version, notes = self.get_object(), valid(VersionChangeInput, request.data)["notes"]
        version = annotate_version(actor=request.actor, version_id=version.pk, notes=notes)  # type: ignore[attr-defined]
        return Response(VersionDetailOutput(version).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Put a version in the trash. 409 when something needs it."""
        trash_version(actor=request.actor, version_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)

    @extend_schema(request=None, responses=VersionDetailOutput)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: int) -> Response:
        """Bring a version back from the trash."""
        version = restore_version(actor=request.actor, version_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(VersionDetailOutput(version).data)

    @extend_schema(request=TagInput, responses=VersionDetailOutput)
    @action(detail=True, methods=["post"])
    def tags(self, request: Request, pk: int) -> Response:
        """Give the version a tag; another version of the dataset that had it loses it."""
        version, name = self.get_object(), valid(TagInput, request.data)["name"]
        set_tag(actor=request.actor, version_id=version.pk, name=name)  # type: ignore[attr-defined]
        return Response(VersionDetailOutput(self.get_object()).data)

    @extend_schema(parameters=[TagInput], responses={204: None})
    @tags.mapping.delete
    def remove_tag(self, request: Request, pk: int) -> Response:
        """Take a tag away."""
        version, name = self.get_object(), valid(TagInput, request.query_params)["name"]
        remove_tag(actor=request.actor, version_id=version.pk, name=name)  # type: ignore[attr-defined]
        return Response(status=204)

    @extend_schema(request=DiffInput, responses={200: StartedDiffOutput, 202: StartedDiffOutput})
    @action(detail=True, methods=["post"])
    def diff(self, request: Request, pk: int) -> Response:
        """Compare an earlier version with this one: the diff, and the job that writes it if it is not there yet."""
        version, other = self.get_object(), valid(DiffInput, request.data)["with"]
        diff, job = request_diff(actor=request.actor, older_id=other, newer_id=version.pk)  # type: ignore[attr-defined]
        body = {"diff": diff.pk, "job": JobOutput(job).data if job else None}
        return Response(body, status=202 if job else 200)

    @extend_schema(parameters=[SearchInput], responses=SearchOutput)
    @action(detail=True, methods=["get"])
    def search(self, request: Request, pk: int) -> Response:
        """Items that hold a text and answer conditions. A request looks for 40 ms at most and says where to go on."""
        version, chosen = self.get_object(), valid(SearchInput, request.query_params)
        limit, backward = chosen.pop("limit"), "before" in chosen
        start = chosen.pop("before") if backward else chosen.pop("after", 0)
        question = question_of(chosen, label=version.manifest.get("roles", {}).get("label"))
        answer = find_items(
            actor=request.actor,  # type: ignore[attr-defined]
            version_id=version.pk,
            question=question,
            start=start,
            backward=backward,
            limit=limit,
        )
        shown = {name: getattr(answer, name) for name in ("after", "before", "complete", "scanned", "total")}
        return Response({"results": answer.rows, **shown})

    @extend_schema(request=None, responses={200: StartedIndexOutput, 202: StartedIndexOutput})
    @action(detail=True, methods=["post"])
    def index(self, request: Request, pk: int) -> Response:
        """Build the search index of a version, which makes searches of large versions whole."""
        job = request_index(actor=request.actor, version_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response({"job": JobOutput(job).data if job else None}, status=202 if job else 200)

    @extend_schema(parameters=[ItemPageInput], responses=ItemPageOutput)
    @action(detail=True, methods=["get"])
    def items(self, request: Request, pk: int) -> Response:
        """A page of items in the version's order."""
        chosen = valid(ItemPageInput, request.query_params)
        return Response(page_of_items(actor=request.actor, version_id=self.get_object().pk, **chosen))  # type: ignore[attr-defined]

    @extend_schema(
        operation_id="versions_item_retrieve",
        parameters=[OpenApiParameter("item_id", int, "path")],
        responses=dict[str, Any],
    )
    @action(detail=True, methods=["get"], url_path=r"items/(?P<item_id>\d{1,18})")
    def item(self, request: Request, pk: int, item_id: str) -> Response:
        found = find_item(actor=request.actor, version_id=self.get_object().pk, item_id=int(item_id))  # type: ignore[attr-defined]
        return Response(found)

    @extend_schema(
        operation_id="versions_item_provenance",
        parameters=[OpenApiParameter("item_id", int, "path")],
        responses=ProvenanceOutput,
    )
    @action(detail=True, methods=["get"], url_path=r"items/(?P<item_id>\d{1,18})/provenance")
    def item_provenance(self, request: Request, pk: int, item_id: str) -> Response:
        """Where an item comes from: file, licence, source, consent basis and collection date of its import."""
        version = self.get_object()
        found = provenance_in_version(actor=request.actor, version=version, item_id=int(item_id))  # type: ignore[attr-defined]
        return Response(ProvenanceOutput(found).data)

    @extend_schema(parameters=[DownloadInput], responses={200: VersionDownloadOutput, 202: VersionDownloadOutput})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, pk: int) -> Response:
        """The version as one file: its address, or the job that writes it."""
        file_format = valid(DownloadInput, request.query_params)["format"]
        url, job = request_download(
            actor=request.actor,  # type: ignore[attr-defined]
            version_id=self.get_object().pk,
            file_format=file_format,
        )
        body = {"url": url, "job": JobOutput(job).data if job else None}
        return Response(body, status=200 if url else 202)
